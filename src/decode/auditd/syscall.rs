//! The system calls that become rows.
//!
//! A number means another call on another architecture. The numbers are those of the kernel's tables: `syscall_64.tbl` and
//! `syscall_32.tbl` of x86, and `include/uapi/asm-generic/unistd.h`, which 64-bit Arm and RISC-V share.

/// `AUDIT_ARCH_X86_64`, `_AARCH64`, `_RISCV64` and `_I386`, as `arch=` has them.
const X86_64: u32 = 0xc000_003e;
const AARCH64: u32 = 0xc000_00b7;
const RISCV64: u32 = 0xc000_00f3;
const I386: u32 = 0x4000_0003;

/// Set in the numbers of the x32 interface, whose calls here are those of x86-64.
const X32: u32 = 0x4000_0000;

/// `SYS_CONNECT`, the first argument of i386's `socketcall`.
const SOCKETCALL_CONNECT: u64 = 3;

/// What a system call does, and which arguments say how. A `dir` is the argument with the folder that a relative name
/// begins in; without one that is the working directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Call {
    /// Opens a file; the flags are an argument, or (`openat2`) in a record of their own.
    Open {
        /// The argument with the folder
        dir: Option<usize>,
        /// The argument with the flags
        flags: Option<usize>,
    },
    /// Makes a file, or a name of one.
    Create {
        /// The argument with the folder
        dir: Option<usize>,
    },
    /// Gives a file another name.
    Rename {
        /// The arguments with the old name's and the new one's folder
        dirs: Option<(usize, usize)>,
    },
    /// Removes a file.
    Remove {
        /// The argument with the folder
        dir: Option<usize>,
    },
    /// Cuts a file off.
    Truncate,
    /// Connects a socket.
    Connect,
    /// Starts a program.
    Execute,
}

/// The calls by their names. Those that are not here have no row.
const OPEN: Call = Call::Open { dir: None, flags: Some(1) };
const OPENAT: Call = Call::Open { dir: Some(0), flags: Some(2) };
const OPENAT2: Call = Call::Open { dir: Some(0), flags: None };
const CREAT: Call = Call::Create { dir: None };
const LINK: Call = CREAT;
const SYMLINK: Call = CREAT;
const LINKAT: Call = Call::Create { dir: Some(2) };
const SYMLINKAT: Call = Call::Create { dir: Some(1) };
const RENAME: Call = Call::Rename { dirs: None };
const RENAMEAT: Call = Call::Rename { dirs: Some((0, 2)) };
const RENAMEAT2: Call = RENAMEAT;
const UNLINK: Call = Call::Remove { dir: None };
const UNLINKAT: Call = Call::Remove { dir: Some(0) };
const TRUNCATE: Call = Call::Truncate;
const CONNECT: Call = Call::Connect;
const EXECVE: Call = Call::Execute;
const EXECVEAT: Call = EXECVE;

/// The call of a number on an architecture. `first` is its first argument.
pub(in super::super) fn of_number(arch: u32, number: u32, first: impl FnOnce() -> u64) -> Option<Call> {
    Some(match (arch, number) {
        (X86_64, number) => match number & !X32 {
            2 => OPEN,
            42 => CONNECT,
            59 | 520 => EXECVE,
            76 => TRUNCATE,
            82 => RENAME,
            85 => CREAT,
            86 => LINK,
            87 => UNLINK,
            88 => SYMLINK,
            257 => OPENAT,
            263 => UNLINKAT,
            264 => RENAMEAT,
            265 => LINKAT,
            266 => SYMLINKAT,
            316 => RENAMEAT2,
            322 | 545 => EXECVEAT,
            437 => OPENAT2,
            _ => return None,
        },
        (AARCH64 | RISCV64, number) => match number {
            35 => UNLINKAT,
            36 => SYMLINKAT,
            37 => LINKAT,
            38 => RENAMEAT,
            45 => TRUNCATE,
            56 => OPENAT,
            203 => CONNECT,
            221 => EXECVE,
            276 => RENAMEAT2,
            281 => EXECVEAT,
            437 => OPENAT2,
            _ => return None,
        },
        (I386, number) => match number {
            5 => OPEN,
            8 => CREAT,
            9 => LINK,
            10 => UNLINK,
            11 => EXECVE,
            38 => RENAME,
            83 => SYMLINK,
            92 | 193 => TRUNCATE,
            102 if first() == SOCKETCALL_CONNECT => CONNECT,
            295 => OPENAT,
            301 => UNLINKAT,
            302 => RENAMEAT,
            303 => LINKAT,
            304 => SYMLINKAT,
            353 => RENAMEAT2,
            358 => EXECVEAT,
            362 => CONNECT,
            437 => OPENAT2,
            _ => return None,
        },
        _ => return None,
    })
}

/// The call of a name, as an enriched record has it.
pub(in super::super) fn of_name(name: &str) -> Option<Call> {
    Some(match name {
        "open" => OPEN,
        "openat" => OPENAT,
        "openat2" => OPENAT2,
        "creat" => CREAT,
        "link" => LINK,
        "symlink" => SYMLINK,
        "linkat" => LINKAT,
        "symlinkat" => SYMLINKAT,
        "rename" => RENAME,
        "renameat" => RENAMEAT,
        "renameat2" => RENAMEAT2,
        "unlink" => UNLINK,
        "unlinkat" => UNLINKAT,
        "truncate" | "truncate64" => TRUNCATE,
        "connect" => CONNECT,
        "execve" => EXECVE,
        "execveat" => EXECVEAT,
        _ => return None,
    })
}

/// The architecture of `arch=`, with or without `0x`, or of the enriched name.
pub(in super::super) fn architecture(text: &str) -> u32 {
    match text {
        "c000003e" | "0xc000003e" | "x86_64" | "b64" => X86_64,
        "c00000b7" | "0xc00000b7" | "aarch64" => AARCH64,
        "riscv64" => RISCV64,
        "i386" | "i686" => I386,
        text => u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or_default(),
    }
}
