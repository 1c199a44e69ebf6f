# The system calls of code in a sandbox. What is not named here returns ENOSYS, so that programs fall back, and so that
# calls newer than this list are refused. Syntax: see SeccompProfile.Parse. One native ABI only: foreign ones double the
# surface, and their multiplexed calls hide arguments behind pointers.

# Open, read, write, and the shape of files.
allow open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev
    pwritev2 lseek sendfile copy_file_range fadvise64 readahead fallocate ftruncate truncate fsync fdatasync
    sync_file_range syncfs dup dup2 dup3 fcntl flock memfd_create

# Names, directories, owners, modes, times.
allow access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs readlink readlinkat getdents
    getdents64 getcwd chdir fchdir mkdir mkdirat rmdir link linkat symlink symlinkat unlink unlinkat rename renameat
    renameat2 umask chmod fchmod fchmodat fchmodat2 chown fchown fchownat lchown utime utimes futimesat utimensat

# Extended attributes.
allow getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr removexattr
    lremovexattr fremovexattr

# Memory. No NUMA policy, no memfd_secret.
allow brk mmap munmap mprotect mremap madvise mincore msync mlock mlock2 munlock munlockall remap_file_pages
    membarrier mseal pkey_alloc pkey_free pkey_mprotect

# Processes and threads. clone has a rule of its own below.
allow fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal
    process_mrelease getpid getppid gettid getpgid getpgrp setpgid getsid setsid set_tid_address set_robust_list
    get_robust_list rseq arch_prctl prctl futex futex_waitv futex_wait futex_wake futex_requeue restart_syscall

# Who a process is, and its limits. Without capabilities the set* calls only reach what it is already.
allow getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid
    setfsuid setfsgid setgroups capget capset getrlimit setrlimit prlimit64 getrusage times

# Scheduling of its own threads.
allow sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_getparam sched_setparam sched_getscheduler
    sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval getpriority setpriority
    ioprio_get getcpu

# Signals.
allow rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause

# Time and timers; reading clocks only.
allow time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep alarm getitimer setitimer timer_create
    timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime

# Waiting for many things.
allow select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd
    eventfd2 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch

# Sockets that exist; which can be made is decided below.
allow accept accept4 bind connect listen getpeername getsockname getsockopt setsockopt recvfrom recvmsg recvmmsg
    sendto sendmsg sendmmsg shutdown socketpair

# Pipes, System V and POSIX IPC, all in namespaces of the sandbox.
allow pipe pipe2 msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget mq_open
    mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedsend

# About the system, and a process giving up rights.
allow uname sysinfo getrandom seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self

# Refused by name: the mount family, by path and by descriptor.
errno 1 mount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr

# Namespaces and roots. User namespaces are the way in to most holes of the kernel.
errno 1 unshare setns chroot sethostname setdomainname

# Loading code into the kernel, or running in it.
errno 1 init_module finit_module delete_module create_module get_kernel_syms kexec_load kexec_file_load bpf
    perf_event_open userfaultfd

# Keys are not in a namespace; quotas, swap, clocks, power and consoles are the host's.
errno 1 add_key keyctl request_key quotactl quotactl_fd swapon swapoff clock_settime clock_adjtime adjtimex
    settimeofday reboot acct syslog vhangup ioperm iopl

# Into other processes.
errno 1 ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd

# Files by handle or by device, past the mounts.
errno 1 name_to_handle_at open_by_handle_at mknod mknodat fanotify_init fanotify_mark lookup_dcookie

# Memory tricks that few programs need and several exploits do.
errno 1 modify_ldt vmsplice memfd_secret mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node
    get_mempolicy

# libaio: its one counter is shared by the whole host.
errno 1 io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents

# Out of use.
errno 1 nfsservctl ustat sysfs _sysctl uselib

# Succeeds without doing it: it would write back the whole host. fsync and syncfs stay.
errno 0 sync

# Its flags are behind a pointer that no filter can follow; glibc falls back to clone.
errno 38 clone3

# clone without any CLONE_NEW*.
allow-if clone arg0 & 0x7e020000 == 0

# ioctl by request number. TIOCSTI and TIOCLINUX type into terminals; FS_IOC_SETFLAGS and FSSETXATTR change inodes: not here.
allow-if ioctl arg1 & 0xffffffff == 0x5401          # TCGETS
allow-if ioctl arg1 & 0xffffffff == 0x5402          # TCSETS
allow-if ioctl arg1 & 0xffffffff == 0x5403          # TCSETSW
allow-if ioctl arg1 & 0xffffffff == 0x5404          # TCSETSF
allow-if ioctl arg1 & 0xffffffff == 0x5405          # TCGETA
allow-if ioctl arg1 & 0xffffffff == 0x5406          # TCSETA
allow-if ioctl arg1 & 0xffffffff == 0x5407          # TCSETAW
allow-if ioctl arg1 & 0xffffffff == 0x5408          # TCSETAF
allow-if ioctl arg1 & 0xffffffff == 0x5409          # TCSBRK
allow-if ioctl arg1 & 0xffffffff == 0x540a          # TCXONC
allow-if ioctl arg1 & 0xffffffff == 0x540b          # TCFLSH
allow-if ioctl arg1 & 0xffffffff == 0x540c          # TIOCEXCL
allow-if ioctl arg1 & 0xffffffff == 0x540d          # TIOCNXCL
allow-if ioctl arg1 & 0xffffffff == 0x540e          # TIOCSCTTY
allow-if ioctl arg1 & 0xffffffff == 0x540f          # TIOCGPGRP
allow-if ioctl arg1 & 0xffffffff == 0x5410          # TIOCSPGRP
allow-if ioctl arg1 & 0xffffffff == 0x5411          # TIOCOUTQ
allow-if ioctl arg1 & 0xffffffff == 0x5413          # TIOCGWINSZ
allow-if ioctl arg1 & 0xffffffff == 0x5414          # TIOCSWINSZ
allow-if ioctl arg1 & 0xffffffff == 0x5415          # TIOCMGET
allow-if ioctl arg1 & 0xffffffff == 0x541b          # FIONREAD
allow-if ioctl arg1 & 0xffffffff == 0x5420          # TIOCPKT
allow-if ioctl arg1 & 0xffffffff == 0x5421          # FIONBIO
allow-if ioctl arg1 & 0xffffffff == 0x5422          # TIOCNOTTY
allow-if ioctl arg1 & 0xffffffff == 0x5424          # TIOCGETD
allow-if ioctl arg1 & 0xffffffff == 0x5425          # TCSBRKP
allow-if ioctl arg1 & 0xffffffff == 0x5429          # TIOCGSID
allow-if ioctl arg1 & 0xffffffff == 0x802c542a      # TCGETS2
allow-if ioctl arg1 & 0xffffffff == 0x402c542b      # TCSETS2
allow-if ioctl arg1 & 0xffffffff == 0x402c542c      # TCSETSW2
allow-if ioctl arg1 & 0xffffffff == 0x402c542d      # TCSETSF2
allow-if ioctl arg1 & 0xffffffff == 0x80045430      # TIOCGPTN
allow-if ioctl arg1 & 0xffffffff == 0x40045431      # TIOCSPTLCK
allow-if ioctl arg1 & 0xffffffff == 0x5441          # TIOCGPTPEER
allow-if ioctl arg1 & 0xffffffff == 0x5450          # FIONCLEX
allow-if ioctl arg1 & 0xffffffff == 0x5451          # FIOCLEX
allow-if ioctl arg1 & 0xffffffff == 0x5452          # FIOASYNC
allow-if ioctl arg1 & 0xffffffff == 0x80086601      # FS_IOC_GETFLAGS
allow-if ioctl arg1 & 0xffffffff == 0xc020660b      # FS_IOC_FIEMAP
allow-if ioctl arg1 & 0xffffffff == 0x801c581f      # FS_IOC_FSGETXATTR
allow-if ioctl arg1 & 0xffffffff == 0x40049409      # FICLONE
allow-if ioctl arg1 & 0xffffffff == 0x4020940d      # FICLONERANGE
allow-if ioctl arg1 & 0xffffffff == 0x80045200      # RNDGETENTCNT
allow-if ioctl arg1 & 0xffffff00 == 0x8900          # socket ioctls; changing an interface needs a capability

# personality: reading it, and the values that switch off neither address randomisation nor execute protection.
allow-if personality arg0 == 0x0
allow-if personality arg0 == 0x8
allow-if personality arg0 == 0x20000
allow-if personality arg0 == 0x20008
allow-if personality arg0 == 0xffffffff

# Sockets by family and protocol, exactly: unix, TCP and UDP over IP, and route netlink to list interfaces.
allow-if socket arg0 == 1                           # AF_UNIX
allow-if socket arg0 == 2 and arg2 == 0             # AF_INET default
allow-if socket arg0 == 2 and arg2 == 6             # AF_INET TCP
allow-if socket arg0 == 2 and arg2 == 17            # AF_INET UDP
allow-if socket arg0 == 10 and arg2 == 0            # AF_INET6 default
allow-if socket arg0 == 10 and arg2 == 6            # AF_INET6 TCP
allow-if socket arg0 == 10 and arg2 == 17           # AF_INET6 UDP
allow-if socket arg0 == 16 and arg2 == 0            # AF_NETLINK NETLINK_ROUTE

# sudo and package tools run with a root of their own inside the user namespace.
only workspace allow chroot

# They ask for the audit system, and go on only where it is "not supported", which is another error than ENOSYS.
only workspace errno-if 93 socket arg0 & 0xffffffff == 16 and arg2 & 0xffffffff == 9  # AF_NETLINK NETLINK_AUDIT: EPROTONOSUPPORT

# Where a sandbox shares the host's namespaces, what these would keep apart is refused: the network (only unix sockets are left),
# System V and POSIX IPC, and memory that belongs to no process and so to no limit. "Not supported" and "not there"
# are what programs know how to go on with.
only unprivileged errno 97 socket                               # EAFNOSUPPORT
only unprivileged allow-if socket arg0 == 1                     # AF_UNIX
only unprivileged errno 38 msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget mq_open
    mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedsend memfd_create

# With a gatekeeper there is TCP over IPv4 as well. It makes the sockets, all of them 127.0.0.1's, and connects them to the
# gateway; what it lets the kernel do itself, unix sockets, Landlock judges again: no thread can connect or bind TCP.
only guarded ask connect
only guarded ask-if socket arg0 == 2 and arg1 & 0xf == 1 and arg2 == 0       # AF_INET SOCK_STREAM
only guarded ask-if socket arg0 == 2 and arg1 & 0xf == 1 and arg2 == 6       # the same, IPPROTO_TCP by name

# A connection that begins with data is one that Landlock is not asked about.
only guarded errno 95 sendto sendmsg sendmmsg
only guarded allow-if sendto arg3 & 0x20000000 == 0          # MSG_FASTOPEN
only guarded allow-if sendmsg arg2 & 0x20000000 == 0
only guarded allow-if sendmmsg arg3 & 0x20000000 == 0

# Options by level and name: none that leads packets elsewhere (source routes, interfaces), puts another protocol on top or
# begins a connection with data.
only guarded errno 92 setsockopt
only guarded errno-if 1 setsockopt arg1 & 0xffffffff == 1 and arg2 & 0xffffffff == 25  # SO_BINDTODEVICE
only guarded errno-if 1 setsockopt arg1 & 0xffffffff == 1 and arg2 & 0xffffffff == 62  # SO_BINDTOIFINDEX
only guarded allow-if setsockopt arg1 == 1                   # SOL_SOCKET
only guarded allow-if setsockopt arg1 == 0 and arg2 == 1     # IP_TOS
only guarded allow-if setsockopt arg1 == 6 and arg2 == 1     # TCP_NODELAY
only guarded allow-if setsockopt arg1 == 6 and arg2 == 2     # TCP_MAXSEG
only guarded allow-if setsockopt arg1 == 6 and arg2 == 3     # TCP_CORK
only guarded allow-if setsockopt arg1 == 6 and arg2 == 4     # TCP_KEEPIDLE
only guarded allow-if setsockopt arg1 == 6 and arg2 == 5     # TCP_KEEPINTVL
only guarded allow-if setsockopt arg1 == 6 and arg2 == 6     # TCP_KEEPCNT
only guarded allow-if setsockopt arg1 == 6 and arg2 == 12    # TCP_QUICKACK
only guarded allow-if setsockopt arg1 == 6 and arg2 == 13    # TCP_CONGESTION
only guarded allow-if setsockopt arg1 == 6 and arg2 == 18    # TCP_USER_TIMEOUT
only guarded allow-if setsockopt arg1 == 6 and arg2 == 25    # TCP_NOTSENT_LOWAT

# The gatekeeper does for a sandbox what its code may not, and nothing besides.
only gatekeeper allow process_vm_readv
only gatekeeper allow-if socket arg0 == 2 and arg1 & 0xf == 1 and arg2 == 0
only gatekeeper allow-if ioctl arg1 & 0xffffffff == 0xc0502100      # SECCOMP_IOCTL_NOTIF_RECV
only gatekeeper allow-if ioctl arg1 & 0xffffffff == 0xc0182101      # SECCOMP_IOCTL_NOTIF_SEND
only gatekeeper allow-if ioctl arg1 & 0xffffffff == 0x40182103      # SECCOMP_IOCTL_NOTIF_ADDFD
