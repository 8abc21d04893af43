// Made from the Rust types by src-tauri/src/book/types_tests.rs, which says how; not written by hand.

export type Kind = { agent: string; tool: string; };

export type Quiet = { from: number; to: number; };

export type Settings = { on_notification: Kind[]; quiet: Quiet | null; };

export type Setting = { on_notification: { kind: Kind; on: boolean; }; } | { quiet: Quiet | null; };

export type Change = "end_pause" | { end_mute: string; } | { set: Setting; };

export type Wanted = { before: number | null; outcome: string | null; agent: string | null; server: string | null; words: string; };

export type Question = "agents" | "beginning" | "health" | "servers" | { autostart: boolean; } | { change: Change; } | { detail: string; } | { history: Wanted; } | { revoke: string; };

export type Waiting = { id: string; name: string; heading: string; code: string; brief: string; asked_at: string; };

export type Muted = { bucket: string; name: string; until: string; };

export type State = { waiting: Waiting[]; paused_until: string | null; away: boolean; muted: Muted[]; quiet_until: string | null; settings: Settings; trouble: string | null; };

export type Place = { label: string; path: string; };

export type Page = { version: string; state: State; said: string; places: Place[]; first: boolean; };

export type Numbered = { number: number; page: Page | null; };

export type Past = { seq: number; request: string; at: number; kind: string; agent: string; server: string; heading: string; outcome: string; reason: string; code: string; brief: string; };

export type Stepped = { seq: number; at: number; event: string; summary: string; };

export type Showing = { at: number; display_hash: string; holds: boolean; screen: unknown; };

export type Signed = { digest: string; seal: string; };

export type Detail = { past: Past; note: string | null; account: string; steps: Stepped[]; shown: Showing[]; receipt: Signed | null; };

export type Agent = { name: string; paired_at: number; last_used: number | null; };

export type Vouching = { subject: string; sha256: string; until: string; };

export type Trusted = { name: string; issuer: string; account: string; client_id: string; challenge_endpoint: string | null; plain_http: boolean; authorities: Vouching[]; proxy: string | null; };

export type Finding = { what: string; good: boolean; state: string; means: string; better: string; };

export type Autostart = "off" | "on" | { other: string; };

export type Beginning = { autostart: Autostart; program: string; agents: string[]; asked: boolean; };

export type Answer = { agents: Agent[]; } | { autostart: Autostart; } | { beginning: Beginning; } | { changed: boolean; } | { detail: Detail | null; } | { failed: string; } | { health: Finding[]; } | { history: Past[]; } | { revoked: boolean; } | { servers: Trusted[]; };

export type TextId = "book-account-none" | "book-agent" | "book-agents" | "book-agents-aside" | "book-agents-none" | "book-another-how" | "book-asked" | "book-asked-code" | "book-asked-code-brief" | "book-asked-what" | "book-asks" | "book-asks-at" | "book-asks-not" | "book-autostart-off" | "book-autostart-on" | "book-autostart-other" | "book-autostart-start" | "book-autostart-stop" | "book-back" | "book-better" | "book-change-how" | "book-declined-unasked" | "book-detail-gone" | "book-end-mute" | "book-end-mute-of" | "book-end-pause" | "book-ended" | "book-fields" | "book-found" | "book-found-none" | "book-gone" | "book-good" | "book-happened" | "book-health" | "book-history" | "book-holds" | "book-holds-not" | "book-issuer" | "book-itself" | "book-keep" | "book-keep-whom" | "book-may" | "book-muted" | "book-nav-now" | "book-note" | "book-number" | "book-offer-by" | "book-offer-nobody" | "book-offer-tool" | "book-offer-yes" | "book-offers" | "book-offers-aside" | "book-offers-none" | "book-older" | "book-open" | "book-open-code" | "book-open-what" | "book-outcome" | "book-outcome-any" | "book-outcome-approved" | "book-outcome-cancelled" | "book-outcome-declined" | "book-outcome-expired" | "book-outcome-limited" | "book-outcome-locked" | "book-outcome-protocol" | "book-outcome-rejected" | "book-outcome-superseded" | "book-outcome-unreachable" | "book-outcome-unsupported" | "book-pages" | "book-paired-unused" | "book-paired-used" | "book-paused" | "book-place-index" | "book-places" | "book-plain-http" | "book-poor" | "book-proxy" | "book-proxy-none" | "book-quiet" | "book-quiet-aside" | "book-quiet-from" | "book-quiet-hours" | "book-quiet-hours-now" | "book-quiet-never" | "book-quiet-none" | "book-quiet-set" | "book-quiet-to" | "book-quiet-wrong" | "book-receipt" | "book-receipt-file" | "book-receipt-none" | "book-receipt-other" | "book-revoke" | "book-revoke-sure" | "book-revoke-sure-whom" | "book-revoke-whom" | "book-revoked" | "book-revoked-before" | "book-row-account" | "book-row-another" | "book-row-asks" | "book-row-change" | "book-row-client" | "book-row-forget" | "book-row-issuer" | "book-row-may" | "book-row-proxy" | "book-row-vouched" | "book-search" | "book-server" | "book-server-none" | "book-servers" | "book-servers-aside" | "book-servers-none" | "book-set" | "book-settings" | "book-show" | "book-show-what" | "book-shown" | "book-shown-none" | "book-shown-none-of" | "book-silent" | "book-start" | "book-start-asked" | "book-start-init" | "book-start-name" | "book-start-name-how" | "book-start-named" | "book-start-remove" | "book-start-session" | "book-start-try" | "book-start-try-how" | "book-start-unnamed" | "book-start-what" | "book-start-what-aside" | "book-start-what-means" | "book-stopped-aside" | "book-take-away" | "book-take-away-what" | "book-title" | "book-unnamed" | "book-unpaired" | "book-vouched" | "book-vouched-alone" | "book-vouched-system" | "book-waiting" | "book-waiting-aside" | "book-waiting-none" | "book-who" | "book-words";
