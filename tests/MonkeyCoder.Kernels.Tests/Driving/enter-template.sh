#!/bin/sh
# Runs a command as the sandbox user in the root filesystem of a template, with the kernel drivers of this repository in it:
#   unshare --mount sh enter-template.sh ROOTFS KERNELS WORK HOME_MODE COMMAND [ARGUMENT...]
# WORK is an empty directory; what is mounted there goes with the mount namespace. HOME_MODE is the mode of /home/user.
set -eu
rootfs=$1 kernels=$2 work=$3 home_mode=$4
shift 4
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=$rootfs,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"
mkdir -p "$work/root/opt/monkeycoder/kernels"
mount --bind "$kernels" "$work/root/opt/monkeycoder/kernels"
mount -o remount,bind,ro "$work/root/opt/monkeycoder/kernels"
mount -t proc proc "$work/root/proc"
mount --rbind /dev "$work/root/dev"
chmod 1777 "$work/root/tmp"
chmod "$home_mode" "$work/root/home/user"
exec chroot --userspec=1001:1001 "$work/root" /usr/bin/env -C /home/user "$@"
