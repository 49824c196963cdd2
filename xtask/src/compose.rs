//! `cargo xtask compose up|down` and `cargo xtask compose-test`: docker-compose.yml with everything
//! that it needs, on the docker engine that runs here or on one of our own.

use std::net::SocketAddr;

use anyhow::Result;

use crate::docker::{Dockerd, Engine};
use crate::outcome;
use crate::workspace::Workspace;

mod checks;
mod config;
mod grpc;
mod http;
mod images;
mod stack;
mod websocket;

use stack::Stack;

#[derive(clap::Subcommand)]
pub enum Verb {
    /// Build what is missing, start everything, say where the gateway answers
    Up {
        /// With the profile of that name: a rate-limit service, and Redis behind it
        #[arg(long)]
        limits: bool,
    },
    /// Remove it again, and stop the docker engine that `up` started
    Down,
}

/// Does one of the verbs.
pub fn run(workspace: &Workspace, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Up { limits } => up(workspace, *limits),
        Verb::Down => down(workspace),
    }
}

/// Brings everything up beside what `up` may have started, checks it, and takes it down again,
/// also when something failed.
pub fn test(workspace: &Workspace) -> Result<()> {
    Engine::borrow(workspace, |engine| test_on(engine, workspace))
}

fn up(workspace: &Workspace, limits: bool) -> Result<()> {
    let engine = match Engine::find(workspace)? {
        Some(engine) => engine,
        None => Engine::start(workspace)?,
    };
    let stack = Stack::of_users(&engine, workspace, limits);
    let address = bring_up(&stack, &engine, workspace).inspect_err(|_| stack.show_logs())?;
    println!("The gateway answers; try: curl -i http://{address}/pets");
    Ok(())
}

fn down(workspace: &Workspace) -> Result<()> {
    let Some(engine) = Engine::find(workspace)? else {
        println!("No docker engine runs here, so there is nothing to remove.");
        return Ok(());
    };
    // With the profile, so that its containers go too.
    Stack::of_users(&engine, workspace, true).remove()?;
    Dockerd::of(workspace).stop()
}

fn test_on(engine: &Engine, workspace: &Workspace) -> Result<()> {
    let stack = Stack::of_test(engine, workspace);
    let tested = bring_up(&stack, engine, workspace).and_then(|address| check(&stack, address));
    if tested.is_err() {
        stack.show_logs();
    }
    let removed = stack.remove();
    tested.and(removed)
}

/// Everything that docker-compose.yml names, then docker-compose.yml itself. Returns where the
/// gateway answers.
fn bring_up(stack: &Stack<'_>, engine: &Engine, workspace: &Workspace) -> Result<SocketAddr> {
    config::place(workspace, stack.limits)?;
    images::build(engine, workspace)?;
    if stack.limits {
        config::place_limits(workspace)?;
        images::build_limits(engine, workspace)?;
    }
    stack.start()?;
    stack.wait_until_ready()
}

fn check(stack: &Stack<'_>, address: SocketAddr) -> Result<()> {
    let mut outcomes = checks::through_the_gateway(address);
    outcomes.push(checks::of_the_log(&stack.gateway_log()?));
    outcome::report("compose", &outcomes)
}
