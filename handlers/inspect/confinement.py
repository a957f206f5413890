"""What a child may not do any more, whatever a decoder is talked into: a filter of the kernel's (seccomp).

Nothing is sent anywhere, no program is run, no other process is touched and no file is changed; what is open and what
can be read stays so. Linux on x86-64 only: elsewhere limits and an empty environment are all there is.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator

_NETWORK = (41, 42, 43, 44, 46, 49, 50, 53, 288, 307, 425)
"""socket, connect, accept, sendto, sendmsg, bind, listen, socketpair, accept4, sendmmsg, io_uring_setup."""
_PROGRAMS = (59, 322)
"""execve, execveat."""
_PROCESSES = (62, 101, 129, 141, 142, 144, 200, 234, 251, 256, 279, 297, 310, 311, 312, 314, 424, 434, 438, 440, 448)
"""kill, ptrace, rt_sigqueueinfo, setpriority, sched_setparam, _setscheduler, tkill, tgkill, ioprio_set, migrate_pages,
move_pages, rt_tgsigqueueinfo, process_vm_readv, process_vm_writev, kcmp, sched_setattr, pidfd_send_signal, _open,
_getfd, process_madvise, process_mrelease."""
_FILES = (
    *(76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 132, 133, 188, 189, 190, 197, 198, 199, 235),
    *(258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 285, 316, 437, 452),
)
"""truncate to unlink and symlink, chmod, chown, utime, mknod, setxattr and removexattr, their *at forms, openat2."""
_KERNEL = (155, 161, 165, 166, 246, 248, 249, 250, 272, 298, 308, 320, 321, 323)
"""pivot_root, chroot, mount, umount2, kexec, keys, unshare, perf_event_open, setns, bpf, userfaultfd."""
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ANY, _OWNED = 0xFFFFFFFF, 8
"""Of fcntl's commands those that let a file send signals: F_SETOWN, F_SETSIG, F_SETOWN_EX have this bit."""
_BITS = ((2, 1, _CHANGING), (257, 2, _CHANGING), (72, 1, _OWNED), (203, 0, _ANY), (302, 0, _ANY))
"""System call, argument, bits that it may not have: open, openat, fcntl; of others sched_setaffinity, prlimit64."""

_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # BPF's: of words, against constants
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
"""Where `struct seccomp_data` has the system call, the machine it is meant for, and its arguments of eight bytes."""
_X86_64, _X32 = 0xC000003E, 0x40000000
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS, _SECCOMP = 38, 1, 1, 317


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine() -> bool:
    """Give all this up for good, for all threads of this process. False: this system cannot do it."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join(_write_filter())
    program = _Program(len(code) // 8, code)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.syscall(_SECCOMP, _SET_FILTER, _ALL_THREADS, ctypes.byref(program)) == 0)


def _write_filter() -> Iterator[bytes]:
    """Instructions that are run for each system call; jumps count those to be left out."""
    refuse = _step(_RETURN, _REFUSE)
    yield from (_step(_LOAD, _MACHINE), _step(_EQUAL, _X86_64, 1, 0), refuse)
    yield from (_step(_LOAD, _NUMBER), _step(_AT_LEAST, _X32, 0, 1), refuse)
    for number in (*_NETWORK, *_PROGRAMS, *_PROCESSES, *_FILES, *_KERNEL):
        yield from (_step(_EQUAL, number, 0, 1), refuse)
    for number, place, bits in _BITS:
        yield _step(_EQUAL, number, 0, 5)
        yield from (_step(_LOAD, _ARGUMENTS + 8 * place), _step(_AND, bits), _step(_EQUAL, 0, 1, 0), refuse)
        yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
