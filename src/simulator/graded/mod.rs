//! Graded labs: a teacher writes what is to be done in a file, a learner does it in an account of their own, and the steps
//! tick themselves off when the portal shows that they are done. Whoever takes a wrong turn is told which.

mod api;
mod built_in;
mod definition;
mod model;
mod pages;
mod service;
mod start;
mod store;
mod teach_api;
mod teach_pages;
mod teach_service;
mod watch;

pub use model::{LabName, MarkKind};
pub use watch::jobs;

use crate::http::{Api, Routes};
use actix_web::http::Method;

/// What is wrong with the file of a lab, each with its line.
pub fn mistakes(file: &str) -> Vec<String> {
    match definition::Definition::read(file) {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(ToString::to_string).collect(),
    }
}

/// The routes of graded labs: of the cloud alone, which has throw-away tenants.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/labs", pages::list);
    routes.get("/simulator/labs/{lab}", pages::show);
    routes.post("/simulator/labs/{lab}/start", pages::start);
    routes.post("/simulator/labs/{lab}/hint", pages::hint);
    routes.post("/simulator/labs/{lab}/end", pages::end);
    routes.get("/simulator/learners", teach_pages::show);
    routes.get("/simulator/learners/{attempt}", teach_pages::one);
    routes.post("/simulator/lab-files", teach_pages::add);
    routes.post("/simulator/lab-files/{lab}/remove", teach_pages::remove);
    routes.post("/simulator/instructors", teach_pages::name_instructor);
    learner_api(routes);
    teacher_api(routes);
}

fn learner_api(routes: &mut Routes) {
    const ALL: &str = "/api/v1/simulator/labs";
    const ONE: &str = "/api/v1/simulator/labs/{lab}";
    routes.api(
        Method::GET,
        ALL,
        Api::says("The graded labs that there are, and how one fares oneself. In a lab alone.")
            .gives::<api::LabList>(200),
        api::list,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("A graded lab and one's own attempt at it, step by step. In a lab alone.")
            .gives::<api::LabDetail>(200),
        api::show,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/labs/{lab}/start",
        Api::says("Begins a graded lab: a Smart Account of one's own is made with what the lab starts from. In a lab alone.")
            .gives::<api::LabDetail>(201),
        api::start,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/labs/{lab}/hint",
        Api::says("Takes the next hint of a step, which costs points. In a lab alone.")
            .takes::<api::HintWanted>()
            .gives::<api::LabDetail>(200),
        api::hint,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/labs/{lab}/end",
        Api::says("Ends one's attempt: its account goes with everything, its points stay. In a lab alone.")
            .gives::<api::LabDetail>(200),
        api::end,
    );
}

fn teacher_api(routes: &mut Routes) {
    const FILES: &str = "/api/v1/simulator/lab-files";
    const TEACHERS: &str = "/api/v1/simulator/instructors";
    routes.api(
        Method::GET,
        "/api/v1/simulator/learners",
        Api::says("All attempts of all learners, the newest first. In a lab alone.")
            .gives::<teach_api::LearnerList>(200),
        teach_api::learners,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/learners/{attempt}",
        Api::says("One attempt of a learner, step by step. In a lab alone.").gives::<api::AttemptShape>(200),
        teach_api::learner,
    );
    routes.api(
        Method::GET,
        FILES,
        Api::says("The graded labs that teachers have written. In a lab alone.")
            .gives::<teach_api::FileList>(200),
        teach_api::files,
    );
    routes.api(
        Method::POST,
        FILES,
        Api::says("Adds a graded lab from its file, or takes the place of the one with its name. A file that is wrong changes nothing, and every mistake is named with its line. In a lab alone.")
            .takes::<teach_api::NewFile>()
            .gives::<teach_api::FileShape>(201),
        teach_api::add,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/simulator/lab-files/{lab}",
        Api::says("Removes a graded lab that was added. Attempts that were begun go on. In a lab alone.")
            .gives_nothing(),
        teach_api::remove,
    );
    routes.api(
        Method::GET,
        TEACHERS,
        Api::says("Those who teach graded labs beside the operators. In a lab alone.")
            .gives::<teach_api::InstructorList>(200),
        teach_api::instructors,
    );
    routes.api(
        Method::PUT,
        TEACHERS,
        Api::says("Makes somebody an instructor, or no longer. In a lab alone.")
            .takes::<teach_api::InstructorWanted>()
            .gives::<teach_api::InstructorList>(200),
        teach_api::name_instructor,
    );
}

/// With what codes graded labs refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "lab.attempt-running",
        "The learner has begun this graded lab, and has not ended it.",
        "Go on with it, or end it and begin anew.",
    ),
    (
        "lab.attempt-over",
        "The learner has not begun this graded lab, or has ended it, or its time is over.",
        "Begin it anew.",
    ),
    (
        "lab.no-hint-left",
        "All hints of the step were taken, or the step is done.",
        "Nothing more is to be had for this step.",
    ),
    (
        "lab.no-on-prem-beside",
        "The graded lab needs an On-Prem server, and none runs beside this portal.",
        "Start the lab with its On-Prem portal (LICENTRAL_ON_PREM_LISTEN).",
    ),
];
