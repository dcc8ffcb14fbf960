//! What can be ordered.

crate::words! {
    /// What a line of an order is, which decides where it may go.
    pub enum LineKind {
        /// Licenses, and the hardware that they came with.
        Product = "product", "Product line";
        /// A service of the vendor.
        CiscoService = "cisco-service", "Cisco branded service";
        /// A service of the partner who sold the order.
        PartnerService = "partner-service", "Partner branded service";
    }
}

crate::words! {
    /// How a license is paid for.
    pub enum Billing {
        /// Before it is used.
        Prepaid = "prepaid", "Prepaid";
        /// By what was used.
        Usage = "usage", "Usage";
    }
}

crate::words! {
    /// How long a license lasts.
    pub enum Term {
        /// For good.
        Perpetual = "perpetual", "Perpetual";
        /// For a time.
        Term = "term", "Term";
        /// For a time, as a part of a subscription.
        Subscription = "subscription", "Subscription";
    }
}
