//! What the kernel counts of a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// The CPU time that all its threads have had so far: the first field of `schedstat` (Linux,
/// Documentation/scheduler/sched-stats.rst), which is exact, where `stat` counts in steps of 10 ms.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = schedstat.split_whitespace().next();
        let spent = first.and_then(|field| field.parse::<u64>().ok());
        nanoseconds += spent.context("a schedstat line")?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The memory that it has resident now, in bytes (`VmRSS` of proc_pid_status(5)).
pub fn resident_memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.context("VmRSS")? * 1024)
}
