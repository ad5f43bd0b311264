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

/// The call of a number on an architecture.
pub(in super::super) fn of_number(arch: u32, number: u32, first: u64) -> Option<Call> {
    let name = match (arch, number) {
        (X86_64, number) => match number & !X32 {
            2 => "open",
            42 => "connect",
            59 | 520 => "execve",
            76 => "truncate",
            82 => "rename",
            85 => "creat",
            86 => "link",
            87 => "unlink",
            88 => "symlink",
            257 => "openat",
            263 => "unlinkat",
            264 => "renameat",
            265 => "linkat",
            266 => "symlinkat",
            316 => "renameat2",
            322 | 545 => "execveat",
            437 => "openat2",
            _ => return None,
        },
        (AARCH64 | RISCV64, number) => match number {
            35 => "unlinkat",
            36 => "symlinkat",
            37 => "linkat",
            38 => "renameat",
            45 => "truncate",
            56 => "openat",
            203 => "connect",
            221 => "execve",
            276 => "renameat2",
            281 => "execveat",
            437 => "openat2",
            _ => return None,
        },
        (I386, number) => match number {
            5 => "open",
            8 => "creat",
            9 => "link",
            10 => "unlink",
            11 => "execve",
            38 => "rename",
            83 => "symlink",
            92 | 193 => "truncate",
            102 if first == SOCKETCALL_CONNECT => "connect",
            295 => "openat",
            301 => "unlinkat",
            302 => "renameat",
            303 => "linkat",
            304 => "symlinkat",
            353 => "renameat2",
            358 => "execveat",
            362 => "connect",
            437 => "openat2",
            _ => return None,
        },
        _ => return None,
    };
    of_name(name)
}

/// The call of a name, as an enriched record has it.
pub(in super::super) fn of_name(name: &str) -> Option<Call> {
    Some(match name {
        "open" => Call::Open { dir: None, flags: Some(1) },
        "openat" => Call::Open { dir: Some(0), flags: Some(2) },
        "openat2" => Call::Open { dir: Some(0), flags: None },
        "creat" | "link" | "symlink" => Call::Create { dir: None },
        "linkat" => Call::Create { dir: Some(2) },
        "symlinkat" => Call::Create { dir: Some(1) },
        "rename" => Call::Rename { dirs: None },
        "renameat" | "renameat2" => Call::Rename { dirs: Some((0, 2)) },
        "unlink" => Call::Remove { dir: None },
        "unlinkat" => Call::Remove { dir: Some(0) },
        "truncate" | "truncate64" => Call::Truncate,
        "connect" => Call::Connect,
        "execve" | "execveat" => Call::Execute,
        _ => return None,
    })
}

/// The architecture of `arch=`, with or without `0x`, or of the enriched name.
pub(in super::super) fn architecture(text: &str) -> u32 {
    match text {
        "x86_64" | "b64" => X86_64,
        "aarch64" => AARCH64,
        "riscv64" => RISCV64,
        "i386" | "i686" => I386,
        text => u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or_default(),
    }
}
