//! How a product instance by policy stands.

crate::words! {
    /// How a product instance by policy stands.
    pub enum PolicyState {
        /// It is known, and has not reported yet.
        NotReported = "not-reported", "In use, not reported";
        /// The day of its report has come.
        ReportDue = "report-due", "Report due";
        /// It has reported, and nobody has fetched the acknowledgement.
        Reported = "reported", "Reported, awaiting acknowledgement";
        /// The acknowledgement was handed out.
        Acknowledged = "acknowledged", "Acknowledged";
        /// The day of its report has long passed.
        Overdue = "overdue", "Report overdue";
    }
}

impl PolicyState {
    /// The colour of its badge.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::NotReported => "",
            Self::ReportDue => "warn",
            Self::Reported => "info",
            Self::Acknowledged => "ok",
            Self::Overdue => "bad",
        }
    }
}
