//! Licenses: how many of each kind lie in which Virtual Account, and how they came there.
