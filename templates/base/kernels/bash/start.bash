# Starts the kernel of the bash language: an interactive bash whose prompt is the protocol.
#
# The protocol socket moves from fd 3 to fd 99. The shell's own stderr is /dev/null, because an interactive bash writes
# prompts and job notices there; the cells get stdout and stderr as they are now, kept on fd 97 and 98.
exec 97>&1 98>&2 99<&3 3>&- 0</dev/null 1>/dev/null 2>/dev/null
exec /bin/bash --noprofile --noediting --rcfile "${BASH_SOURCE[0]%/*}/driver.bash" -i
