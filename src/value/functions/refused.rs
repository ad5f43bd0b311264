//! Functions of Kusto that are known and not built, and why: whoever asks for one is told.

/// Why a function of that name is not built; `None` if Kusto has no such function, or kqltap has it.
pub fn refused(name: &str) -> Option<&'static str> {
    Some(match name {
        "cursor_after" | "cursor_before_or_at" | "current_cursor" => "there is no database whose cursor it could be",
        "current_principal"
        | "current_principal_details"
        | "current_principal_is_member_of"
        | "current_database"
        | "current_cluster_endpoint" => "there is no cluster that it could ask",
        "cluster" | "database" | "external_table" => "tables are read from the records, and from nowhere else",
        "hash_combine" | "hash_many" => "how Kusto puts hashes together is not documented",
        _ => return None,
    })
}
