// Made from the Rust types by src-tauri/src/book/types_tests.rs, which says how; not written by hand.

export type Kind = { agent: string; tool: string; };

export type Quiet = { from: number; to: number; };

export type Settings = { on_notification: Kind[]; quiet: Quiet | null; };

export type Setting = { on_notification: { kind: Kind; on: boolean; }; } | { quiet: Quiet | null; };

export type Change = "end_pause" | { end_mute: string; } | { set: Setting; };

export type Wanted = { before: number | null; outcome: string | null; agent: string | null; server: string | null; words: string; };

export type Question = "agents" | "beginning" | "health" | "servers" | { autostart: boolean; } | { change: Change; } | { detail: string; } | { history: Wanted; } | { revoke: string; };

export type Waiting = { id: string; name: string; heading: string; };

export type Muted = { bucket: string; name: string; until: string; };

export type State = { waiting: Waiting[]; paused_until: string | null; away: boolean; muted: Muted[]; quiet_until: string | null; settings: Settings; trouble: string | null; };

export type Place = { label: string; path: string; };

export type Page = { version: string; state: State; places: Place[]; first: boolean; };

export type Numbered = { number: number; page: Page | null; };

export type Past = { seq: number; request: string; at: number; kind: string; agent: string; server: string; heading: string; outcome: string; reason: string; };

export type Stepped = { seq: number; at: number; event: string; summary: string; };

export type Showing = { at: number; display_hash: string; holds: boolean; screen: unknown; };

export type Detail = { past: Past; account: string; steps: Stepped[]; shown: Showing[]; };

export type Agent = { name: string; paired_at: number; last_used: number | null; };

export type Vouching = { subject: string; sha256: string; until: string; };

export type Trusted = { name: string; issuer: string; account: string; client_id: string; challenge_endpoint: string | null; plain_http: boolean; authorities: Vouching[]; proxy: string | null; };

export type Finding = { what: string; good: boolean; state: string; means: string; better: string; };

export type Autostart = "off" | "on" | { other: string; };

export type Beginning = { autostart: Autostart; program: string; agents: string[]; asked: boolean; };

export type Answer = { agents: Agent[]; } | { autostart: Autostart; } | { beginning: Beginning; } | { changed: boolean; } | { detail: Detail | null; } | { failed: string; } | { health: Finding[]; } | { history: Past[]; } | { revoked: boolean; } | { servers: Trusted[]; };
