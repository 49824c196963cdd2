//! Somebody sets the clock while Envoy runs.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use integration::bootstrap::FRONT;
use integration::raw::raw;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::rig::{Connection, filter, get, launch, pipeline};

/// Stands before the C library: the wall clock is as many seconds ahead as a file says. No other clock is.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (failed == 0 && clock == CLOCK_REALTIME) {
    long ahead = 0;
    FILE *file = fopen(getenv("SECONDS_AHEAD"), "r");
    if (file != NULL) {
      if (fscanf(file, "%ld", &ahead) == 1) now->tv_sec += ahead;
      fclose(file);
    }
  }
  return failed;
}
"#;

fn build_shim(directory: &Path) -> String {
    let (source, library) = (directory.join("shim.c"), directory.join("shim.so"));
    fs::write(&source, SHIM).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"])
        .args([&library, &source]);
    assert!(cc.status().unwrap().success());
    library.display().to_string()
}

/// Waits until answers are dated on the day that is so many days from this one.
async fn wait_for_day(address: SocketAddr, today: usize, days: i64) {
    let wanted = DAYS[(today as i64 + days).rem_euclid(7) as usize];
    let deadline = Instant::now() + Duration::from_secs(30);
    while day(address).await != wanted {
        assert!(Instant::now() < deadline, "the clock was not set");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Envoy dates its answers by the wall clock.
async fn day(address: SocketAddr) -> String {
    let answer = raw(address, get("/", "x-key: nobody")).await.unwrap();
    answer.header("date").unwrap()[..3].to_owned()
}

#[tokio::test]
async fn who_sets_the_clock_gives_nobody_tokens_and_takes_none_away() {
    let directory = TempDir::new().unwrap();
    let ahead = directory.path().join("ahead");
    let set = |seconds: i64| {
        let new = directory.path().join("new");
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, &ahead).unwrap();
    };
    set(0);
    let limit = json!({ "name": "hourly", "rate": "2/h", "by": ["header.x-key"] });
    let launch = launch(&filter(&pipeline(&json!([limit]))))
        .environment("LD_PRELOAD", &build_shim(directory.path()))
        .environment("SECONDS_AHEAD", &ahead.display().to_string());
    let envoy = launch.concurrency(2).start().await;
    let address = envoy.listener(FRONT).await;
    let today = day(address).await;
    let today = DAYS.iter().position(|known| *known == today).unwrap();
    let mut connection = Connection::open(address).await;
    let ada = get("/", "x-key: ada");
    assert_eq!(connection.status(&ada).await, 200);
    let keys = ["bob", "cyd", "dan"];
    for (index, days) in [1, -1, 0].into_iter().enumerate() {
        set(days * 86_400);
        wait_for_day(address, today, days).await;
        let request = get("/", &format!("x-key: {}", keys[index]));
        for status in [200, 200, 429] {
            assert_eq!(connection.status(&request).await, status, "{days} days");
        }
        // What was taken has not come back in a day that was not.
        for key in &keys[..index] {
            let request = get("/", &format!("x-key: {key}"));
            assert_eq!(connection.status(&request).await, 429, "{days} days");
        }
    }
    // And what was left is still there.
    assert_eq!(connection.status(&ada).await, 200);
    assert_eq!(connection.status(&ada).await, 429);
    envoy.stop().await;
}
