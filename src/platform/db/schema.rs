//! The tables as diesel sees them: one meaning for both databases. Compared with both by a test.

#![allow(missing_docs)]

diesel::table! {
    access_delegations (id) {
        id -> Text,
        smart_account_id -> Text,
        delegator_id -> Text,
        delegate_id -> Text,
        starts_at -> Timestamp,
        ends_at -> Timestamp,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    access_request_places (request_id, part, virtual_account_id) {
        request_id -> Text,
        part -> Text,
        virtual_account_id -> Text,
        smart_account_id -> Text,
        name -> Text,
    }
}

diesel::table! {
    access_requests (id) {
        id -> Text,
        reference -> Text,
        smart_account_id -> Text,
        requester_id -> Text,
        search_key -> Text,
        scope -> Text,
        role -> Text,
        note -> Text,
        had_access -> Bool,
        state -> Text,
        given_scope -> Nullable<Text>,
        given_role -> Nullable<Text>,
        reason -> Text,
        decided_by -> Nullable<Text>,
        on_behalf_of -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        sent_at -> Timestamp,
        remind_at -> Timestamp,
        reminded_at -> Nullable<Timestamp>,
        expires_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    access_settings (smart_account_id) {
        smart_account_id -> Text,
        remind_days -> Integer,
        expire_days -> Integer,
        rules -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    account_addresses (id) {
        id -> Text,
        smart_account_id -> Text,
        address -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    account_request_creators (id) {
        id -> Text,
        request_id -> Text,
        email -> Text,
        email_key -> Text,
        state -> Text,
        forwarded_from -> Nullable<Text>,
        depth -> Integer,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    account_requests (id) {
        id -> Text,
        reference -> Text,
        smart_account_id -> Text,
        kind -> Text,
        requester_id -> Text,
        note_to_approver -> Text,
        note_to_customer -> Text,
        domain_review -> Text,
        domain_reasons -> Text,
        domain_by -> Nullable<Text>,
        domain_at -> Nullable<Timestamp>,
        state -> Text,
        reason -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        sent_at -> Timestamp,
        remind_at -> Timestamp,
        reminded_at -> Nullable<Timestamp>,
        expires_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    alert_hides (smart_account_id, person_id, alert_key) {
        smart_account_id -> Text,
        person_id -> Text,
        alert_key -> Text,
        hidden_at -> Timestamp,
    }
}

diesel::table! {
    alert_sightings (smart_account_id, alert_key) {
        smart_account_id -> Text,
        alert_key -> Text,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    api_clients (id) {
        id -> Text,
        person_id -> Text,
        name -> Text,
        secret_hash -> Text,
        scopes -> Text,
        created_at -> Timestamp,
        last_used_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    device_managers (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Nullable<Text>,
        name -> Text,
        name_key -> Text,
        public_key -> Text,
        answer -> Text,
        product_instances -> BigInt,
        places -> Text,
        sequence -> BigInt,
        registered_at -> Timestamp,
        registrar -> Text,
        synced_at -> Nullable<Timestamp>,
        due_at -> Timestamp,
        waits_since -> Nullable<Timestamp>,
        failed_at -> Nullable<Timestamp>,
        failure -> Text,
        overdue_at -> Nullable<Timestamp>,
        removed_at -> Nullable<Timestamp>,
        removed_by -> Text,
        version -> BigInt,
        registration -> BigInt,
    }
}

diesel::table! {
    device_tallies (smart_account_id, virtual_account_id, standing, shard) {
        smart_account_id -> Text,
        virtual_account_id -> Text,
        standing -> Text,
        shard -> Integer,
        devices -> BigInt,
    }
}

diesel::table! {
    device_usage (device_id, entitlement) {
        device_id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        entitlement -> Text,
        quantity -> BigInt,
        reserved -> BigInt,
        since -> Timestamp,
    }
}

diesel::table! {
    devices (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        device_manager_id -> Nullable<Text>,
        udi_pid -> Text,
        udi_serial -> Text,
        udi_key -> Text,
        hostname -> Text,
        name_key -> Text,
        search_key -> Text,
        product -> Text,
        software -> Text,
        standing -> Text,
        is_reserved -> Bool,
        export_controlled -> Bool,
        secret_hash -> Text,
        token_id -> Nullable<Text>,
        licenses -> Integer,
        registered_at -> Timestamp,
        renewed_at -> Timestamp,
        contact_at -> Timestamp,
        reported_at -> Nullable<Timestamp>,
        version -> BigInt,
        local_virtual_account -> Text,
        policy_state -> Nullable<Text>,
        report_by -> Nullable<Timestamp>,
        report_key -> Text,
    }
}

diesel::table! {
    domain_changes (id) {
        id -> Text,
        smart_account_id -> Text,
        from_domain -> Text,
        to_domain -> Text,
        note -> Text,
        reasons -> Text,
        state -> Text,
        reason -> Text,
        requested_by -> Text,
        requested_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    event_cuts (smart_account_id, strand) {
        smart_account_id -> Text,
        strand -> Integer,
        chain_number -> BigInt,
        chain_hash -> Text,
        cut_at -> Timestamp,
    }
}

diesel::table! {
    event_tallies (smart_account_id, shard) {
        smart_account_id -> Text,
        shard -> Integer,
        events -> BigInt,
        is_heard -> Bool,
        chain_number -> BigInt,
        chain_hash -> Text,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        at -> Timestamp,
        smart_account_id -> Nullable<Text>,
        virtual_account_id -> Nullable<Text>,
        kind -> Text,
        outcome -> Text,
        message -> Text,
        actor_id -> Nullable<Text>,
        actor -> Text,
        actor_key -> Text,
        about -> Text,
        detail -> Text,
        address -> Text,
        request_id -> Text,
        strand -> Integer,
        chain_number -> BigInt,
        chain_hash -> Text,
    }
}

diesel::table! {
    former_manager_keys (public_key) {
        public_key -> Text,
        smart_account_id -> Text,
        device_manager_id -> Text,
        ended_at -> Timestamp,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Nullable<Text>,
        scope -> Text,
        person_id -> Text,
        role -> Text,
        created_at -> Timestamp,
        source -> Text,
    }
}

diesel::table! {
    known_networks (person_id, network) {
        person_id -> Text,
        network -> Text,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    lab_attempts (id) {
        id -> Text,
        person_id -> Text,
        lab -> Text,
        definition -> Text,
        tag -> Text,
        account_id -> Text,
        account_number -> BigInt,
        since -> Timestamp,
        began_at -> Timestamp,
        expires_at -> Timestamp,
        done_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    lab_files (name) {
        name -> Text,
        definition -> Text,
        added_by -> Text,
        added_at -> Timestamp,
    }
}

diesel::table! {
    lab_marks (attempt_id, step, kind, number) {
        attempt_id -> Text,
        step -> Integer,
        kind -> Text,
        number -> Integer,
        at -> Timestamp,
    }
}

diesel::table! {
    authorization_requests (device_id) {
        device_id -> Text,
        smart_account_id -> Text,
        request_code -> Text,
        by_serial -> Bool,
        licenses -> Text,
        state -> Text,
        authorization_code -> Text,
        return_code -> Text,
        code -> Text,
        says -> Text,
        asked_at -> Timestamp,
    }
}

diesel::table! {
    kept_reports (device_id, report_id) {
        device_id -> Text,
        smart_account_id -> Text,
        report_id -> Text,
        entitlement -> Text,
        ended_at -> Timestamp,
        sha256 -> Text,
        sent -> Text,
        received_at -> Timestamp,
        acknowledgement -> Text,
        acknowledged_at -> Nullable<Timestamp>,
        code -> Text,
        says -> Text,
    }
}

diesel::table! {
    license_days (stock_id, day) {
        stock_id -> Text,
        smart_account_id -> Text,
        day -> Text,
        purchased -> BigInt,
        reserved -> BigInt,
        in_use -> BigInt,
    }
}

diesel::table! {
    license_moves (id) {
        id -> Text,
        smart_account_id -> Text,
        pool_id -> Text,
        quantity -> BigInt,
        kind -> Text,
        order_id -> Nullable<Text>,
        order_line_id -> Nullable<Text>,
        round -> Integer,
        reference -> Text,
        at -> Timestamp,
        actor -> Text,
    }
}

diesel::table! {
    license_pools (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        entitlement -> Text,
        name -> Text,
        search_key -> Text,
        billing -> Text,
        term -> Text,
        starts_at -> Nullable<Timestamp>,
        ends_at -> Nullable<Timestamp>,
        pool_key -> Text,
        purchased -> BigInt,
        reserved -> BigInt,
        created_at -> Timestamp,
        version -> BigInt,
        ended_at -> Nullable<Timestamp>,
        deleted_place -> Nullable<Text>,
    }
}

diesel::table! {
    license_stocks (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        entitlement -> Text,
        name -> Text,
        search_key -> Text,
        billing -> Text,
        purchased -> BigInt,
        reserved -> BigInt,
        in_use -> BigInt,
        balance -> BigInt,
        terms -> Integer,
        term -> Text,
        ends_at -> Nullable<Timestamp>,
        short_since -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    license_tallies (smart_account_id, virtual_account_id) {
        smart_account_id -> Text,
        virtual_account_id -> Text,
        licenses -> BigInt,
    }
}

diesel::table! {
    license_tags (stock_id, tag_key) {
        smart_account_id -> Text,
        stock_id -> Text,
        tag -> Text,
        tag_key -> Text,
    }
}

diesel::table! {
    links (id) {
        id -> Text,
        purpose -> Text,
        about_id -> Text,
        email_key -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    local_accounts (smart_account_id) {
        smart_account_id -> Text,
        smart_account -> Text,
        virtual_account -> Text,
        email -> Text,
        state -> Text,
        reason -> Text,
        requested_by -> Nullable<Text>,
        requested_at -> Timestamp,
        public_key -> Text,
        sealed_key -> Text,
        cloud -> Nullable<Text>,
        sequence -> BigInt,
        last_response -> BigInt,
        sync -> Text,
        failure -> Text,
        synced_at -> Nullable<Timestamp>,
        due_at -> Nullable<Timestamp>,
        is_scheduled -> Bool,
        next_run_at -> Nullable<Timestamp>,
        failed_tries -> Integer,
        hides_hostnames -> Bool,
        version -> BigInt,
        next_public_key -> Text,
        next_sealed_key -> Text,
        registering_until -> Nullable<Timestamp>,
        syncing_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    local_sync_files (smart_account_id, sequence) {
        smart_account_id -> Text,
        sequence -> BigInt,
        sha256 -> Text,
        way -> Text,
        devices -> BigInt,
        usages -> BigInt,
        made_at -> Timestamp,
        answered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    mailbox (id) {
        id -> Text,
        message_id -> Text,
        letter -> Text,
        to_name -> Text,
        to_address -> Text,
        subject -> Text,
        text_body -> Text,
        html_body -> Text,
        search_key -> Text,
        sent_at -> Timestamp,
        read_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    members (smart_account_id, person_id) {
        smart_account_id -> Text,
        person_id -> Text,
        search_key -> Text,
        email_key -> Text,
        state -> Text,
        since -> Timestamp,
        roles -> BigInt,
    }
}

diesel::table! {
    notification_addresses (smart_account_id, email) {
        smart_account_id -> Text,
        email -> Text,
        added_at -> Timestamp,
        added_by -> Text,
        summary_day -> Text,
    }
}

diesel::table! {
    notification_settings (smart_account_id, person_id) {
        smart_account_id -> Text,
        person_id -> Text,
        daily_summary -> Bool,
        status -> Bool,
        expiring_90 -> Bool,
        expiring_60 -> Bool,
        expiring_30 -> Bool,
        summary_day -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    once (actor, token) {
        actor -> Text,
        token -> Text,
        request_hash -> Text,
        made -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    order_assignments (id) {
        id -> Text,
        smart_account_id -> Text,
        requested_by -> Nullable<Text>,
        requester -> Text,
        is_unchecked -> Bool,
        orders -> Integer,
        lines -> Integer,
        requested_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    order_drafts (id) {
        id -> Text,
        smart_account_id -> Text,
        person_id -> Text,
        content -> Text,
        created_at -> Timestamp,
        assignment_id -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    order_imports (id) {
        id -> Text,
        person_id -> Text,
        content -> Text,
        created_at -> Timestamp,
        done_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    order_lines (id) {
        id -> Text,
        order_id -> Text,
        number -> Integer,
        sku -> Text,
        description -> Text,
        kind -> Text,
        quantity -> BigInt,
        term_months -> Nullable<Integer>,
        state -> Text,
        smart_account_id -> Nullable<Text>,
        virtual_account_id -> Nullable<Text>,
        customer_active -> Bool,
        assignment_id -> Nullable<Text>,
        due_at -> Nullable<Timestamp>,
        round -> Integer,
        reason -> Text,
        settled_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    order_tallies (smart_account_id, order_type, order_status, assignment) {
        smart_account_id -> Text,
        order_type -> Text,
        order_status -> Text,
        assignment -> Text,
        orders -> BigInt,
    }
}

diesel::table! {
    order_views (smart_account_id, order_id) {
        smart_account_id -> Text,
        order_id -> Text,
        is_sold -> Bool,
        is_customer -> Bool,
        is_assigned -> Bool,
        ordered_at -> Timestamp,
        identifier_key -> Text,
        customer_key -> Text,
        order_type -> Text,
        order_status -> Text,
        assignment -> Text,
        lines -> Integer,
        search_key -> Text,
    }
}

diesel::table! {
    orders (id) {
        id -> Text,
        identifier -> Text,
        identifier_key -> Text,
        search_key -> Text,
        customer -> Text,
        customer_key -> Text,
        customer_domain -> Text,
        customer_email -> Text,
        customer_account_id -> Nullable<Text>,
        partner_account_id -> Nullable<Text>,
        order_type -> Text,
        order_status -> Text,
        assignment -> Text,
        purchase_order -> Text,
        lines -> Integer,
        ordered_at -> Timestamp,
        received_at -> Timestamp,
        source -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        letter -> Text,
        about_id -> Text,
        extra -> Text,
        to_name -> Text,
        to_address -> Text,
        not_before -> Timestamp,
        attempts -> Integer,
        leased_until -> Nullable<Timestamp>,
        sent_at -> Nullable<Timestamp>,
        gave_up_at -> Nullable<Timestamp>,
        last_problem -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Text,
        person_id -> Text,
        credential_id -> Text,
        public_key -> Text,
        name -> Text,
        counter -> BigInt,
        is_backup_eligible -> Bool,
        is_backed_up -> Bool,
        transports -> Text,
        made_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    people (id) {
        id -> Text,
        email -> Text,
        email_key -> Text,
        name -> Text,
        search_key -> Text,
        password_hash -> Nullable<Text>,
        access_level -> Integer,
        state -> Text,
        created_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    platform_roles (person_id, role) {
        person_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    policy_polls (smart_account_id, number) {
        smart_account_id -> Text,
        number -> BigInt,
        virtual_account_id -> Text,
        action -> Text,
        answer -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    provider_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        person_id -> Text,
        linked_at -> Timestamp,
    }
}

diesel::table! {
    recovery_codes (person_id, code_hash) {
        person_id -> Text,
        code_hash -> Text,
    }
}

diesel::table! {
    registration_tokens (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        description -> Text,
        search_key -> Text,
        token_hash -> Text,
        sealed -> Text,
        export_controlled -> Bool,
        expires_at -> Timestamp,
        max_uses -> Nullable<BigInt>,
        uses -> BigInt,
        created_at -> Timestamp,
        created_by -> Nullable<Text>,
        creator -> Text,
        revoked_at -> Nullable<Timestamp>,
        revoked_by -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    reporting_policies (smart_account_id, license_class) {
        smart_account_id -> Text,
        license_class -> Text,
        first_days -> Integer,
        every_days -> Integer,
        change_days -> Integer,
    }
}

diesel::table! {
    reservation_lines (reservation_id, pool_id) {
        reservation_id -> Text,
        smart_account_id -> Text,
        pool_id -> Text,
        entitlement -> Text,
        name -> Text,
        quantity -> BigInt,
        ends_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    reservations (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        device_id -> Text,
        udi_pid -> Text,
        udi_serial -> Text,
        request_code -> Text,
        authorization_code -> Text,
        created_at -> Timestamp,
        creator -> Text,
        returned_at -> Nullable<Timestamp>,
        version -> BigInt,
        ended_as -> Text,
        ended_for -> Text,
        updates -> BigInt,
        pending_code -> Text,
        pending_lines -> Text,
    }
}

diesel::table! {
    saved_views (id) {
        id -> Text,
        smart_account_id -> Nullable<Text>,
        person_id -> Text,
        list -> Text,
        name -> Text,
        name_key -> Text,
        query -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    second_factors (person_id) {
        person_id -> Text,
        secret -> Text,
        last_step -> BigInt,
        set_at -> Timestamp,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        public_id -> Text,
        person_id -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        fresh_at -> Timestamp,
        address -> Text,
        agent -> Text,
        way -> Text,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    sign_in_misses (subject) {
        subject -> Text,
        misses -> Integer,
        blocked_until -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    smart_accounts (id) {
        id -> Text,
        number -> BigInt,
        name -> Text,
        name_key -> Text,
        domain -> Text,
        registrable -> Text,
        state -> Text,
        pending_detail -> Nullable<Text>,
        visibility -> Text,
        headquarters -> Text,
        holds_domain -> Bool,
        requested_by -> Nullable<Text>,
        created_at -> Timestamp,
        activated_at -> Nullable<Timestamp>,
        version -> BigInt,
        kind -> Text,
        needs_second_factor -> Bool,
    }
}

diesel::table! {
    sync_files (id) {
        id -> Text,
        smart_account_id -> Text,
        device_manager_id -> Text,
        sha256 -> Text,
        outcome -> Text,
        way -> Text,
        sequence -> BigInt,
        last_response -> BigInt,
        made_at -> Timestamp,
        software -> Text,
        places -> BigInt,
        devices -> BigInt,
        usages -> BigInt,
        file_bytes -> BigInt,
        unpacked_bytes -> BigInt,
        appeared -> BigInt,
        changed -> BigInt,
        vanished -> BigInt,
        unchanged -> BigInt,
        licenses -> Text,
        code -> Text,
        reason -> Text,
        uploaded_at -> Timestamp,
        uploader -> Text,
        settled_at -> Nullable<Timestamp>,
        settler -> Text,
        version -> BigInt,
        submitted_at -> Nullable<Timestamp>,
        submitted_by -> Text,
        registration -> BigInt,
        reports -> BigInt,
    }
}

diesel::table! {
    sync_parts (file_id, number) {
        file_id -> Text,
        smart_account_id -> Text,
        number -> Integer,
        content -> Text,
    }
}

diesel::table! {
    sync_responses (file_id) {
        file_id -> Text,
        smart_account_id -> Text,
        sequence -> BigInt,
        content -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    system_users (person_id) {
        person_id -> Text,
        user_name -> Text,
        user_name_key -> Text,
        must_change_password -> Bool,
        last_sign_in_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    usage_file_lines (file_id, number) {
        file_id -> Text,
        smart_account_id -> Text,
        number -> BigInt,
        udi_pid -> Text,
        udi_serial -> Text,
        report_id -> Text,
        entitlement -> Text,
        quantity -> BigInt,
        outcome -> Text,
        code -> Text,
        says -> Text,
    }
}

diesel::table! {
    usage_file_parts (file_id, number) {
        file_id -> Text,
        smart_account_id -> Text,
        number -> Integer,
        content -> Text,
    }
}

diesel::table! {
    usage_files (id) {
        id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Text,
        name -> Text,
        bytes -> BigInt,
        sha256 -> Text,
        devices -> BigInt,
        taken -> BigInt,
        known -> BigInt,
        refused -> BigInt,
        uploaded_at -> Timestamp,
        uploader -> Text,
        acknowledged_at -> Nullable<Timestamp>,
        reports -> BigInt,
        waits_for -> Text,
    }
}

diesel::table! {
    usage_reports (id) {
        id -> Text,
        smart_account_id -> Text,
        udi_key -> Text,
        report_id -> Text,
        entitlement -> Text,
        quantity -> BigInt,
        began_at -> Timestamp,
        ended_at -> Timestamp,
        sha256 -> Text,
        way -> Text,
        received_at -> Timestamp,
        acknowledged_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    user_group_access (id) {
        id -> Text,
        group_id -> Text,
        smart_account_id -> Text,
        virtual_account_id -> Nullable<Text>,
        scope -> Text,
        role -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    user_group_people (group_id, person_id) {
        group_id -> Text,
        person_id -> Text,
        smart_account_id -> Text,
        since -> Timestamp,
    }
}

diesel::table! {
    user_group_requests (id) {
        id -> Text,
        lookup_id -> Text,
        group_id -> Text,
        smart_account_id -> Text,
        target_account_id -> Text,
        state -> Text,
        note -> Text,
        asked_by -> Text,
        asked_at -> Timestamp,
        answered_by -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    user_groups (id) {
        id -> Text,
        smart_account_id -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        created_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    user_imports (id) {
        id -> Text,
        smart_account_id -> Text,
        person_id -> Text,
        group_id -> Nullable<Text>,
        content -> Text,
        created_at -> Timestamp,
        done_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    throwaway_tenants (smart_account_id) {
        smart_account_id -> Text,
        batch -> Text,
        people -> Text,
        expires_at -> Timestamp,
        created_at -> Timestamp,
    }
}

diesel::table! {
    virtual_account_tags (virtual_account_id, tag_key) {
        smart_account_id -> Text,
        virtual_account_id -> Text,
        tag -> Text,
        tag_key -> Text,
    }
}

diesel::table! {
    virtual_accounts (id) {
        id -> Text,
        smart_account_id -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        access_level -> Text,
        is_default -> Bool,
        parent_id -> Nullable<Text>,
        preferred_end_date -> Nullable<Timestamp>,
        tags -> Text,
        created_at -> Timestamp,
        version -> BigInt,
        search_key -> Text,
        number -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        smart_account_id -> Text,
        webhook_id -> Text,
        event_id -> Text,
        kind -> Text,
        is_replay -> Bool,
        not_before -> Timestamp,
        attempts -> Integer,
        leased_until -> Nullable<Timestamp>,
        sent_at -> Nullable<Timestamp>,
        gave_up_at -> Nullable<Timestamp>,
        last_problem -> Text,
        last_status -> Nullable<Integer>,
        last_answer -> Text,
        took_ms -> Nullable<Integer>,
        tried_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        smart_account_id -> Text,
        name -> Text,
        name_key -> Text,
        url -> Text,
        kinds -> Text,
        is_on -> Bool,
        secret -> Text,
        former_secret -> Text,
        former_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        version -> BigInt,
    }
}

// Tables that a statement of the portal or of a test brings together. Only those: each pair costs the compiler ten
// implementations, which made 29,260 for all pairs of tables (docs/performance.md).
macro_rules! joined {
    ($($($table:ident),+;)+) => {
        $(diesel::allow_tables_to_appear_in_same_query!($($table),+);)+
    };
}

joined! {
    access_request_places, access_requests;
    account_request_creators, account_requests;
    device_usage, devices;
    devices, kept_reports;
    devices, virtual_accounts;
    events, smart_accounts;
    grants, members, people;
    grants, smart_accounts, virtual_accounts;
    known_networks, people;
    license_moves, license_pools;
    license_stocks, license_tags;
    license_stocks, virtual_accounts;
    local_accounts, local_sync_files;
    local_accounts, smart_accounts;
    order_lines, order_views;
    order_lines, orders;
    people, platform_roles, system_users;
    people, second_factors;
    people, sessions;
    reservation_lines, reservations;
    sync_files, sync_parts;
    virtual_account_tags, virtual_accounts;
    webhook_deliveries, webhooks;
}
