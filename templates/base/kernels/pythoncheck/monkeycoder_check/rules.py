"""What is looked for. The ids are part of the API: docs/CODE-CHECKS.md lists them, and a test compares the two."""

import re
from typing import NamedTuple

WARNING = "warning"
ERROR = "error"


class Rule(NamedTuple):
    """One rule: its stable id, how bad a finding is, and what to say of it (``{}`` stands for the name found)."""

    id: str
    severity: str
    message: str


PROCESS = Rule("process", ERROR, "{} starts or signals processes of the system.")
PROCESS_IMPORT = Rule("process-import", ERROR, "The module {} starts processes of the system.")
WORKERS = Rule("worker-processes", WARNING, "The module {} forks worker processes.")
SHELL = Rule("shell-escape", ERROR, "{} hands text to a shell.")
NATIVE = Rule("native-code", ERROR, "The module {} calls native code, past everything that Python checks.")
DYNAMIC_CODE = Rule("dynamic-code", ERROR, "{} runs or compiles code that cannot be seen here.")
DYNAMIC_IMPORT = Rule("dynamic-import", ERROR, "{} imports by a name made at run time.")
IMPORT_MACHINERY = Rule("import-machinery", WARNING, "The module {} changes or goes round imports.")
INTERNALS = Rule("interpreter-internals", ERROR, "{} reaches into the interpreter's own objects.")
HIERARCHY = Rule("class-hierarchy", WARNING, "{} walks the hierarchy of classes.")
FRAMES = Rule("frames", WARNING, "{} looks into running frames or all objects.")
DYNAMIC_ATTRIBUTE = Rule("dynamic-attribute", WARNING, "{} takes an attribute by a name made at run time.")
SYSTEM_PATH = Rule("system-path", WARNING, "{} is a path of the system.")
SENSITIVE_PATH = Rule("sensitive-path", ERROR, "{} is a path of the system that programs have no business with.")
RAW_SOCKET = Rule("raw-socket", ERROR, "{} speaks to the network below TCP and UDP.")
DESERIALIZATION = Rule("unsafe-deserialization", WARNING, "{} runs code that its input names.")
OBFUSCATION = Rule("obfuscated-code", ERROR, "{} runs code that is decoded first.")
LONG_LITERAL = Rule("long-literal", WARNING, "A literal of {} characters looks like encoded data.")
ODD_SOURCE = Rule("odd-source", ERROR, "The source has {}: it is not what it looks like.")

ALL = (
    PROCESS, PROCESS_IMPORT, WORKERS, SHELL, NATIVE, DYNAMIC_CODE, DYNAMIC_IMPORT, IMPORT_MACHINERY, INTERNALS, HIERARCHY,
    FRAMES, DYNAMIC_ATTRIBUTE, SYSTEM_PATH, SENSITIVE_PATH, RAW_SOCKET, DESERIALIZATION, OBFUSCATION, LONG_LITERAL, ODD_SOURCE,
)

# Modules whose import is a finding, by their first or full name.
MODULES = {
    **dict.fromkeys(("subprocess", "_posixsubprocess", "pty", "pexpect", "sh", "plumbum"), PROCESS_IMPORT),
    **dict.fromkeys(("multiprocessing",), WORKERS),
    **dict.fromkeys(("ctypes", "_ctypes", "cffi", "_cffi_backend"), NATIVE),
    **dict.fromkeys(("importlib", "imp", "runpy", "pkgutil", "zipimport", "_imp", "_frozen_importlib"), IMPORT_MACHINERY),
    **dict.fromkeys(("scapy", "_socket"), RAW_SOCKET),
}

# importlib.metadata and .resources only read what is installed.
HARMLESS_MODULES = ("importlib.metadata", "importlib.resources")


def _names(module, names):
    return [f"{module}.{name}" for name in names.split()]


# Dotted names whose use is a finding, called or not: they may be passed on.
NAMES = {
    **dict.fromkeys(_names("os", (
        "system popen fork forkpty kill killpg posix_spawn posix_spawnp startfile"
        " execl execle execlp execlpe execv execve execvp execvpe spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe"
    )), PROCESS),
    **dict.fromkeys(_names("subprocess", "run call check_call check_output Popen getoutput getstatusoutput"), PROCESS),
    **dict.fromkeys(_names("asyncio", "create_subprocess_exec create_subprocess_shell subprocess"), PROCESS),
    **dict.fromkeys(_names("pty", "spawn fork"), PROCESS),
    **dict.fromkeys(_names("signal", "pidfd_send_signal"), PROCESS),
    **dict.fromkeys(_names("builtins", "eval exec compile"), DYNAMIC_CODE),
    **dict.fromkeys(_names("builtins", "__import__"), DYNAMIC_IMPORT),
    **dict.fromkeys(_names("code", "InteractiveInterpreter InteractiveConsole interact"), DYNAMIC_CODE),
    **dict.fromkeys(_names("codeop", "compile_command Compile CommandCompiler"), DYNAMIC_CODE),
    **dict.fromkeys(_names("types", "CodeType FunctionType"), DYNAMIC_CODE),
    **dict.fromkeys(_names("runpy", "run_module run_path"), DYNAMIC_CODE),
    **dict.fromkeys(_names("sys", "_getframe _current_frames settrace setprofile"), FRAMES),
    **dict.fromkeys(_names("inspect", "currentframe stack getouterframes"), FRAMES),
    **dict.fromkeys(_names("gc", "get_objects get_referrers get_referents"), FRAMES),
    **dict.fromkeys(_names("socket", "SOCK_RAW AF_PACKET AF_NETLINK PF_PACKET AF_VSOCK"), RAW_SOCKET),
    **dict.fromkeys(_names("pickle", "load loads Unpickler"), DESERIALIZATION),
    **dict.fromkeys(_names("_pickle", "load loads Unpickler"), DESERIALIZATION),
    **dict.fromkeys(_names("marshal", "load loads"), DESERIALIZATION),
    **dict.fromkeys(_names("dill", "load loads"), DESERIALIZATION),
    **dict.fromkeys(_names("cloudpickle", "load loads"), DESERIALIZATION),
    **dict.fromkeys(_names("joblib", "load"), DESERIALIZATION),
    **dict.fromkeys(_names("shelve", "open"), DESERIALIZATION),
    **dict.fromkeys(_names("yaml", "unsafe_load full_load unsafe_load_all"), DESERIALIZATION),
}

# Calls that import by name; with a constant name they are a plain import.
IMPORTERS = {"builtins.__import__", "importlib.import_module", "importlib.__import__"}

# Attributes, and keys of the same name, on whatever object.
ATTRIBUTES = {
    **dict.fromkeys((
        "__subclasses__", "__globals__", "__builtins__", "__code__", "__closure__", "__getattribute__", "__loader__",
        "__reduce__", "__reduce_ex__", "func_globals", "func_code", "f_globals", "f_locals", "f_builtins", "f_code",
        "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code", "tb_frame",
    ), INTERNALS),
    **dict.fromkeys(("__bases__", "__base__", "__mro__"), HIERARCHY),
}

# Of the interpreter and nothing else: as a name they mean the same.
INTERNAL_NAMES = {"__builtins__", "__loader__"}

ATTRIBUTE_CALLS = {"builtins.getattr", "builtins.setattr", "builtins.delattr", "builtins.hasattr", "operator.attrgetter",
                   "operator.methodcaller"}

# Methods of IPython's shell that reach a shell: what magics become.
SHELL_METHODS = {"system", "getoutput"}
SHELL_MAGICS = {"system", "sx", "sc", "!", "!!", "bash", "sh", "script", "perl", "ruby"}
MAGIC_METHODS = {"run_line_magic", "run_cell_magic"}

# Calls whose first argument is a path.
OPENERS = {
    "builtins.open", "io.open", "_io.open", "codecs.open", "os.open", "os.listdir", "os.scandir", "os.walk", "os.readlink",
    "os.remove", "os.unlink", "os.chmod", "os.symlink", "os.link", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath",
    "shutil.copy", "shutil.copyfile", "shutil.copytree", "shutil.move", "shutil.rmtree", "glob.glob", "glob.iglob",
}
SYSTEM_DIRECTORIES = ("/proc", "/sys", "/dev", "/etc", "/boot", "/root", "/run")
HARMLESS_PATHS = re.compile(
    r"/dev/(null|zero|full|random|urandom|stdin|stdout|stderr|tty|shm(/.*)?)|/etc/(hosts|os-release|mime\.types|localtime|timezone)"
    r"|/proc/(cpuinfo|meminfo|loadavg|uptime|version|stat)")
SENSITIVE_PATHS = re.compile(
    r"/etc/(shadow|gshadow|sudoers|ssh|ssl/private)(-|/.*)?|/proc/[^/]+/(mem|environ|root|fd|ns|maps|cwd|exe)(/.*)?"
    r"|/proc/(kcore|kmem|kallsyms|sysrq-trigger|sys)(/.*)?|/sys/(kernel|firmware|fs|module)(/.*)?"
    r"|/dev/(mem|kmem|port|kvm|fuse|sd|nvme|loop|vd|xvd|dm-|mapper).*|/root(/.*)?|/run/.*\.sock")

# What encoded code is decoded with, before eval or exec.
DECODERS = {
    *_names("base64", "b64decode b32decode b16decode b85decode a85decode urlsafe_b64decode standard_b64decode decodebytes"),
    *_names("zlib", "decompress"), *_names("gzip", "decompress"), *_names("bz2", "decompress"), *_names("lzma", "decompress"),
    *_names("codecs", "decode"), *_names("binascii", "unhexlify a2b_hex a2b_base64"), *_names("marshal", "loads"),
    "builtins.bytes.fromhex", "builtins.bytearray.fromhex",
}

ENCODED = re.compile(r"[A-Za-z0-9+/=_-]+\Z")
LONG_LITERAL_CHARACTERS = 1000
