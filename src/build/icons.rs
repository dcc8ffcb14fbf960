//! Which icons the pages may use. A template that names another one fails a unit test in `http::assets`.

use icondata_core::Icon;
use icondata_lu as lu;

pub const ICONS: &[(&str, Icon)] = &[
    ("activity", lu::LuActivity),
    ("arrow-down", lu::LuArrowDown),
    ("arrow-left", lu::LuArrowLeft),
    ("arrow-right", lu::LuArrowRight),
    ("arrow-right-left", lu::LuArrowRightLeft),
    ("arrow-up", lu::LuArrowUp),
    ("ban", lu::LuBan),
    ("bell", lu::LuBell),
    ("bookmark", lu::LuBookmark),
    ("braces", lu::LuBraces),
    ("building-2", lu::LuBuilding2),
    ("calendar", lu::LuCalendar),
    ("check", lu::LuCheck),
    ("chevron-down", lu::LuChevronDown),
    ("chevron-left", lu::LuChevronLeft),
    ("chevron-right", lu::LuChevronRight),
    ("chevron-up", lu::LuChevronUp),
    ("chevrons-up-down", lu::LuChevronsUpDown),
    ("circle-alert", lu::LuCircleAlert),
    ("circle-check", lu::LuCircleCheck),
    ("circle-help", lu::LuCircleHelp),
    ("circle-x", lu::LuCircleX),
    ("clock", lu::LuClock),
    ("code", lu::LuCode),
    ("columns-3", lu::LuColumns3),
    ("copy", lu::LuCopy),
    ("download", lu::LuDownload),
    ("ellipsis-vertical", lu::LuEllipsisVertical),
    ("external-link", lu::LuExternalLink),
    ("eye", lu::LuEye),
    ("file-text", lu::LuFileText),
    ("fingerprint", lu::LuFingerprint),
    ("flask", lu::LuFlaskConical),
    ("folder", lu::LuFolder),
    ("folder-tree", lu::LuFolderTree),
    ("forward", lu::LuForward),
    ("globe", lu::LuGlobe),
    ("history", lu::LuHistory),
    ("inbox", lu::LuInbox),
    ("info", lu::LuInfo),
    ("key-round", lu::LuKeyRound),
    ("layout-dashboard", lu::LuLayoutDashboard),
    ("life-buoy", lu::LuLifeBuoy),
    ("link", lu::LuLink),
    ("list", lu::LuList),
    ("list-filter", lu::LuListFilter),
    ("lock", lu::LuLock),
    ("log-in", lu::LuLogIn),
    ("log-out", lu::LuLogOut),
    ("mail", lu::LuMail),
    ("mail-open", lu::LuMailOpen),
    ("menu", lu::LuMenu),
    ("monitor", lu::LuMonitor),
    ("package", lu::LuPackage),
    ("pause", lu::LuPause),
    ("pencil", lu::LuPencil),
    ("play", lu::LuPlay),
    ("plus", lu::LuPlus),
    ("refresh-cw", lu::LuRefreshCw),
    ("search", lu::LuSearch),
    ("search-x", lu::LuSearchX),
    ("send", lu::LuSend),
    ("server", lu::LuServer),
    ("settings", lu::LuSettings),
    ("shield", lu::LuShield),
    ("shield-check", lu::LuShieldCheck),
    ("sun-moon", lu::LuSunMoon),
    ("tag", lu::LuTag),
    ("terminal", lu::LuTerminal),
    ("trash-2", lu::LuTrash2),
    ("triangle-alert", lu::LuTriangleAlert),
    ("undo-2", lu::LuUndo2),
    ("upload", lu::LuUpload),
    ("user-minus", lu::LuUserMinus),
    ("user-plus", lu::LuUserPlus),
    ("user-round", lu::LuUserRound),
    ("users", lu::LuUsers),
    ("x", lu::LuX),
];

/// One file with every icon, so that a page of fifty icons costs one request.
pub fn sprite() -> String {
    let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\">");
    for (name, icon) in ICONS {
        let lines: String = icon.data.lines().map(str::trim).collect();
        svg.push_str(&format!(
            "<symbol id=\"{name}\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.9\" stroke-linecap=\"round\" stroke-linejoin=\"round\">{lines}</symbol>"
        ));
    }
    svg.push_str("</svg>");
    svg
}
