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
        "series_periods_detect" | "series_periods_validate" => {
            "how Kusto estimates it is not documented to the digit, and an estimate of another kind would alert on other rows"
        }
        "geo_intersection_2lines"
        | "geo_intersection_2polygons"
        | "geo_intersection_line_with_polygon"
        | "geo_union_lines_array"
        | "geo_union_polygons_array"
        | "geo_simplify_polygons_array"
        | "geo_line_simplify"
        | "geo_polygon_simplify"
        | "geo_line_densify"
        | "geo_polygon_densify"
        | "geo_point_buffer"
        | "geo_line_buffer"
        | "geo_polygon_buffer"
        | "geo_polygon_area"
        | "geo_polygon_centroid"
        | "geo_polygon_perimeter"
        | "geo_polygon_to_s2cells"
        | "geo_polygon_to_h3cells"
        | "geo_line_to_s2cells" => {
            "shapes are asked how far they are, what is in them and whether they meet, and not put together or cut"
        }
        "hash_combine" | "hash_many" => "how Kusto puts hashes together is not documented",
        _ => return None,
    })
}
