# The driver of the bash language (see ../PROTOCOL.md): the rcfile of an interactive bash that reads nothing from stdin.
#
# PROMPT_COMMAND takes one request from the socket and handles it. That is the top level, so what a cell declares is
# global. Being interactive is what lets SIGINT end a cell anywhere, loops included, and leave the shell alive: bash goes
# back to its prompt, and so to PROMPT_COMMAND, which finds the state `running` and ends the cell. After each request the
# shell meets the end of its stdin, which IGNOREEOF makes it pass over.
#
# fd 99 is the socket, fd 97 and 98 are the cells' stdout and stderr. All three are closed for a cell, bash keeps its copies
# close-on-exec; so what `exec >file` redirects is back to normal in the next cell.
# The driver's functions are readonly and use `builtin`, so that the cells' functions and aliases cannot get between. Its
# code runs with plain options; those of the cells (set -e, set -u ...) are put back around each cell.

__monkey_state=starting
__monkey_cells=0
__monkey_flags=
__monkey_status=0
__monkey_exit=
__monkey_value=
__monkey_saved=()

# Takes one request. At the end of the stream the kernel is over.
__monkey_receive() {
    builtin local header
    builtin read -r -u 99 -a header || builtin exit 0
    case ${header[0]} in
        setenv) __monkey_setenv "${header[1]}" "${header[2]}" ;;
        putenv)
            __monkey_read "${header[2]}" __monkey_value
            builtin declare -gx "${header[1]}=$__monkey_value"
            ;;
        execute)
            __monkey_read "${header[1]}" __monkey_code
            __monkey_state=taken
            ;;
        *) builtin exit 1 ;;
    esac
}

# Reads a body: its length in bytes, and the variable that takes it.
__monkey_read() {
    builtin printf -v "$2" ''
    if (($1 > 0)); then LC_ALL=C IFS= builtin read -r -u 99 -N "$1" "$2" || builtin exit 1; fi
}

__monkey_setenv() {
    # The names of locals must not be names that a caller may set.
    builtin local __monkey_how=unset
    __monkey_read "$2" __monkey_value
    if [[ -v $1 ]]; then
        # Whether it was exported is part of what comes back.
        __monkey_how='set'
        [[ $(builtin declare -p "$1") != 'declare -'*([a-z])x* ]] || __monkey_how=exported
    fi
    __monkey_saved+=("$1" "$__monkey_how" "${!1-}")
    builtin declare -gx "$1=$__monkey_value"
}

# Sends a message: its kind, and a body in ASCII.
__monkey_send() {
    builtin printf 'message %s %d\n%s' "$1" "${#2}" "$2" >&99
}

# Ends a cell with its status: the error, if it is one, the variables of this cell alone, and idle.
__monkey_end() {
    builtin trap '' INT
    __monkey_flags=$-
    builtin set +e +u +x +v +f
    __monkey_state=idle
    __monkey_status=${__monkey_exit:-$1}
    if [[ $1 == 130 && -z $__monkey_exit ]]; then
        __monkey_send error '{"name":"KeyboardInterrupt","value":"","traceback":""}'
    elif [[ $__monkey_status != 0 ]]; then
        __monkey_send error "{\"name\":\"CommandError\",\"value\":\"exit status $__monkey_status\",\"traceback\":\"\"}"
    fi
    builtin local i
    # The last saved first: a key may have been set twice.
    for ((i = ${#__monkey_saved[@]} - 3; i >= 0; i -= 3)); do
        builtin unset -v "${__monkey_saved[i]}"
        case ${__monkey_saved[i + 1]} in
            exported) builtin export "${__monkey_saved[i]}=${__monkey_saved[i + 2]}" ;;
            set) builtin printf -v "${__monkey_saved[i]}" '%s' "${__monkey_saved[i + 2]}" ;;
        esac
    done
    __monkey_saved=()
    __monkey_code=
    __monkey_prepare
    builtin printf 'idle\n' >&99
}

# What a cell may have changed, and the next request needs.
__monkey_prepare() {
    PS1='' PS2='' PS0='' IGNOREEOF=1000000000
    PROMPT_COMMAND=$__monkey_prompt
    builtin unset -v MAILCHECK TMOUT
}

# `exit` and `set -e` end the cell, not the shell; in a subshell they are what they always are.
__monkey_leave() {
    if [[ $BASHPID == "$$" && $__monkey_state == running ]]; then
        __monkey_exit=$1
        builtin kill -INT "$$"
    fi
    builtin exit "$1"
}

__monkey_failed() {
    if [[ $- == *e* && $BASHPID == "$$" ]]; then __monkey_leave "$1"; fi
}

exit() {
    __monkey_leave "${1:-$?}"
}

# What $? is at the start of a cell: the status of the one before.
__monkey_last_status() {
    builtin return "$__monkey_status"
}

# Each branch is one step; a SIGINT in the cell comes back to the first.
builtin read -r -d '' __monkey_prompt <<'PROMPT'
case $?:$__monkey_state in
    *:running) __monkey_end $? ;;
    *:starting) __monkey_prepare; __monkey_state=idle; builtin printf 'ready\n' >&99 ;;
    *:idle) __monkey_receive ;;
    *:taken)
        __monkey_state=running
        __monkey_exit=
        __monkey_send count "{\"execution_count\":$((++__monkey_cells))}"
        [[ $__monkey_flags != *u* ]] || builtin set -u
        [[ $__monkey_flags != *f* ]] || builtin set -f
        [[ $__monkey_flags != *v* ]] || builtin set -v
        [[ $__monkey_flags != *e* ]] || builtin set -e
        [[ $__monkey_flags != *x* ]] || builtin set -x
        LINENO=0
        builtin trap - INT
        [[ $__monkey_flags == *e* ]] || __monkey_last_status
        builtin eval "$__monkey_code" </dev/null >&97 2>&98 97>&- 98>&- 99>&-
        __monkey_end $?
        ;;
esac
PROMPT

builtin readonly -f __monkey_receive __monkey_read __monkey_setenv __monkey_send __monkey_end __monkey_prepare \
    __monkey_leave __monkey_failed __monkey_last_status
builtin trap '' INT
builtin set +H +o history -E
builtin unset -v HISTFILE
builtin shopt -u checkwinsize
builtin trap '__monkey_failed "$?"' ERR
__monkey_prepare
