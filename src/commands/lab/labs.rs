//! `licentral lab labs`: graded labs, for learners and for those who teach.

use super::client::{Client, Failed};
use super::{Told, lines, text};
use crate::simulator;
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum LabsWhat {
    /// Show a lab, and how one fares in it.
    Show {
        /// Its name.
        lab: String,
    },
    /// Begin a lab.
    Start {
        /// Its name.
        lab: String,
    },
    /// Take the next hint of a step.
    Hint {
        /// Name of the lab.
        lab: String,
        /// From 1.
        step: u64,
    },
    /// End one's attempt at a lab.
    End {
        /// Its name.
        lab: String,
    },
    /// List all attempts of all learners.
    Learners,
    /// Say what is wrong with the file of a lab, without a portal.
    Check {
        /// YAML or JSON.
        file: PathBuf,
    },
    /// Add a lab from its file.
    Add {
        /// YAML or JSON.
        file: PathBuf,
    },
    /// Remove a lab that was added.
    Remove {
        /// Its name.
        lab: String,
    },
    /// Make somebody an instructor.
    Instructor {
        /// Their address.
        email: String,
        /// No longer.
        #[arg(long)]
        not: bool,
    },
}

pub fn carry_out(client: &Client, what: Option<LabsWhat>) -> Result<Told, Failed> {
    match what {
        None => list(client),
        Some(LabsWhat::Show { lab }) => Ok(shown(client.get(&format!("labs/{lab}"), &[])?)),
        Some(LabsWhat::Start { lab }) => step(client, &lab, "start", &json!({})),
        Some(LabsWhat::Hint { lab, step: n }) => step(client, &lab, "hint", &json!({ "step": n })),
        Some(LabsWhat::End { lab }) => step(client, &lab, "end", &json!({})),
        Some(LabsWhat::Learners) => learners(client),
        Some(LabsWhat::Check { file }) => {
            let found = simulator::mistakes_of_lab(&read(&file)?);
            if found.is_empty() {
                let words = format!("{} is right.", file.display());
                Ok(Told::good(words, json!({ "mistakes": [] })))
            } else {
                Err(Failed::Refused(found.join("\n")))
            }
        }
        Some(LabsWhat::Add { file }) => {
            let file = read(&file)?;
            // With a line for each mistake, which a refusal of the portal says in one.
            let found = simulator::mistakes_of_lab(&file);
            if !found.is_empty() {
                return Err(Failed::Refused(found.join("\n")));
            }
            let answer = client.send("POST", "lab-files", &json!({ "file": file }))?;
            let words = format!("The lab {} is there for everybody.", text(&answer, "key"));
            Ok(Told::good(words, answer))
        }
        Some(LabsWhat::Remove { lab }) => {
            let answer = client.delete(&format!("lab-files/{lab}"))?;
            Ok(Told::good(format!("The lab {lab} was removed."), answer))
        }
        Some(LabsWhat::Instructor { email, not }) => {
            let body = json!({ "email": email, "teaches": !not });
            let answer = client.send("PUT", "instructors", &body)?;
            let words = lines(&answer, "items", "Operators alone teach.", |one| {
                text(one, "email").to_owned()
            });
            Ok(Told::good(words, answer))
        }
    }
}

fn read(file: &Path) -> Result<String, Failed> {
    std::fs::read_to_string(file)
        .map_err(|e| Failed::Refused(format!("{} cannot be read: {e}", file.display())))
}

fn step(client: &Client, lab: &str, path: &str, body: &Value) -> Result<Told, Failed> {
    Ok(shown(client.send("POST", &format!("labs/{lab}/{path}"), body)?))
}

fn number(answer: &Value, key: &str) -> u64 {
    answer.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn list(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("labs", &[])?;
    let words = lines(&answer, "items", "There are none.", |one| {
        let state = match text(one, "state") {
            "" => "not begun".to_owned(),
            state => format!(
                "{state}, {} of {} points",
                number(one, "won"),
                number(one, "points")
            ),
        };
        format!("{}  {} ({state})", text(one, "key"), text(one, "title"))
    });
    Ok(Told::good(words, answer))
}

/// A lab with its steps, as far as one is.
fn shown(answer: Value) -> Told {
    let mut words = text(&answer, "title").to_owned();
    let Some(attempt) = answer.get("attempt").filter(|one| one.is_object()) else {
        words.push_str("\nNot begun.");
        return Told::good(words, answer);
    };
    words.push_str(&format!(
        "\n{}, {} of {} points, Smart Account {} ({})\n",
        text(attempt, "state"),
        number(attempt, "points"),
        number(&answer, "points"),
        number(attempt, "account"),
        text(attempt, "domain"),
    ));
    words.push_str(&lines(attempt, "steps", "", |one| {
        let mark = if one.get("done_at").is_some_and(Value::is_string) {
            "x"
        } else {
            " "
        };
        let mut line = format!("[{mark}] {}. {}", number(one, "number"), text(one, "title"));
        for (key, what) in [("told", "Wrong turn"), ("hints", "Hint")] {
            let said = one.get(key).and_then(Value::as_array);
            for says in said.into_iter().flatten().filter_map(Value::as_str) {
                line.push_str(&format!("\n    {what}: {says}"));
            }
        }
        line
    }));
    Told::good(words, answer)
}

fn learners(client: &Client) -> Result<Told, Failed> {
    let answer = client.get("learners", &[])?;
    let words = lines(&answer, "items", "Nobody has begun a lab.", |one| {
        format!(
            "{}  {}: {}, {} of {} steps, {} of {} points, {} hints, {} wrong turns, {} min",
            text(one, "learner"),
            text(one, "lab"),
            text(one, "state"),
            number(one, "steps_done"),
            number(one, "steps"),
            number(one, "points"),
            number(one, "out_of"),
            number(one, "hints"),
            number(one, "wrong_turns"),
            number(one, "minutes")
        )
    });
    Ok(Told::good(words, answer))
}
