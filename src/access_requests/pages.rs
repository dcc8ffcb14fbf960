pub fn routes(_: &mut crate::http::Routes) {}
