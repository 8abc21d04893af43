### What a person reads, in English. Syntax: Project Fluent.
###
### A sentence says what is so and what can be done, in one or two short clauses, without jargon.
### Words in braces come in from outside and stand there as they are. To translate: put the words
### behind the equals signs into the other language, keep ids and braces; a language with more forms
### of the plural adds them to the selectors.

## Who somebody is

asker-unpaired = an unpaired program
asker-book = Placet's book
mute-unpaired = all unpaired programs
mute-set-up = questions about setting up

## The prompt's screens: what will happen, who asks, where the answer goes

screen-let = Let { $who } do this?
screen-answer = Answer { $who }?
screen-look = Look at this server?
screen-forget = Forget this server?
screen-forget-account = Forget this account?
screen-pair = Pair with { $name }?
screen-trust = Trust this server?
screen-refused = Placet refused this

screen-wants = What it wants to do
screen-asks = What it asks
screen-will-do = What the server will do
screen-asker = Who asks
screen-destination = Where the answer goes
screen-means = What this means
screen-check-code = Check the code
screen-server = The server
screen-own-words = In the agent's own words (not checked)

screen-only-yes-or-no = Only your yes or no goes to the agent. No server is asked.
screen-goes-to-agent = What you fill in goes to the agent itself, not to a server. It can read it and pass it on.
screen-goes-to-server = Your answer goes from Placet to this server. The agent does not see it.
screen-look-means = Placet will ask this address what it is. Then you decide whether to trust it.
screen-forget-means = Placet will no longer ask this server. Agents get a no.
screen-trust-means = Placet will show this server's questions and send your codes to it.
screen-pair-means = A paired agent may ask you for authorizations. It approves nothing by itself.
screen-type-code = Type the code that the agent's terminal prints. If you did not start this, deny.
screen-bound = Your passkey signs this action: its signature is tied to what the server will do, as it stands above.
screen-unbound = Your passkey proves that it is you. Its signature is not tied to this action.
screen-resembles = It looks like { $name } at { $issuer }, which you trust already, and is another server.
screen-replaces = You trust this server already, for the account { $account }. This takes its place.
screen-vouched-before = Until now { $authority } vouched for it.
screen-proxy-before = Until now it was reached through { $proxy }.
screen-adds-account = You trust this server already, for { $accounts }. This adds another account, and you choose between them each time.
screen-account-alike = The account { $account } looks like { $like }, and is another one.
screen-accounts-alike = Two of your accounts look alike: { $one } and { $other }.
screen-account-below = For the account that you choose below.
screen-and = { $some }, { $more }
screen-forget-account-means = Placet will no longer ask this server for this account. It stays for { $accounts }.
screen-valid = { $from } to { $until } (UTC)
screen-authority-means = The certificate authorities that your system trusts do not count for this server. Whoever holds the key of one that stands here can pose as it.
screen-proxy-means = All that is said to this server goes through this proxy. It sees which server, when and how much, and cannot read it.
screen-too-large = This is too large to be shown in full: { $characters } characters on { $lines } lines. What cannot be shown in full cannot be approved.
screen-no-server-said = The agent does not say for which server.
screen-general = It does not say what for: a general sign-in.
screen-not-paired = This program is not paired.
screen-ssh = It comes in over SSH.
screen-container = It runs in a container.
screen-nowhere = Placet cannot see where it runs.
screen-other-scripts = Letters of other scripts can look like those of a name that you know.
screen-said-more = It said more, which is not shown. Decide by what stands above.

screen-arguments = Arguments, as the agent gave them
screen-permission-asked =
    { $count ->
        [one] Permission, as the agent asked for it
       *[other] Permission { $number } of { $count }, as the agent asked for it
    }
screen-permission-given =
    { $count ->
        [one] Permission, as the server will give it
       *[other] Permission { $number } of { $count }, as the server will give it
    }
screen-left-out =
    { $count ->
        [one] The server leaves out one permission that was asked for.
       *[other] The server leaves out { $count } permissions that were asked for.
    }
screen-rest = The rest of what the server will act on
screen-beside = Beside it, as the agent asked for it

## Buttons of the prompt's screens

screen-approve = Approve
screen-approve-and-continue = Approve and continue
screen-approve-code = Approve with this code
screen-continue = Continue with this
screen-send-to-agent = Send to the agent
screen-send-to-server = Send to the server
screen-look-yes = Look at this server
screen-forget-yes = Forget this server
screen-forget-account-yes = Forget this account
screen-trust-yes = Trust this server
screen-pair-yes = Pair
screen-sign = Sign this with your passkey
screen-prove = Prove that it is you
screen-refused-no = Refused
screen-deny = Deny
screen-close = Close
screen-mute = Deny, and mute { $whom } for 1 hour

## Rows: labels begin with a capital letter, which tells them from a requester's own

row-tool = Tool
row-agent = Agent
row-muted = Muted agent
row-folder = In the folder
row-arguments = Arguments
row-scope = Scope
row-at = At
row-proof = Proof wanted
row-max-age = Sign-in not older than
row-reason = The server's reason
row-for-server = For the server, says the agent
row-says = It says
row-server-says = The server says
row-form-says = The form says
row-paired-as = Paired as
row-says-it-is = Says it is
row-program = Program
row-started-by = Started by
row-process = Process
row-server = Server
row-account = Your account
row-address = Address
row-letters = In letters
row-name = Name
row-client-id = Placet's client_id
row-endpoint = Takes answers at
row-authority = Vouched for only by
row-authority-more = Or by
row-sha256 = Its SHA-256
row-valid = It is valid
row-proxy = Through the proxy

## Parts of rows

row-seconds = { $seconds } s
row-not-readable = not readable
row-in-short = { $label }: { $value }
row-null = { $label } (null)
row-yes-or-no = { $label } (yes or no)
row-number = { $label } (number)
row-list = { $label } (list)
row-object = { $label } (object)

## Warnings that stay on the prompt

banner-no-secret = The agent sees what you type here. Never type a password, a code or another secret.
banner-test-server = Test server on this machine: the connection is not encrypted.
banner-own-authority = This server's connection is judged by a certificate authority of its own, instead of the public ones.
banner-elsewhere = This is not the screen that you are logged in at.
banner-blind = Placet cannot see here whether something lies over this window.
banner-unhardened = This installation is not hardened: other programs of your account could press its buttons.

## What a person does at a server for themselves: passkeys, this installation

errand-add = Add a passkey at { $server }?
errand-list = List your passkeys at { $server }?
errand-rename = Rename a passkey at { $server }?
errand-delete = Delete a passkey at { $server }?
errand-register = Let { $server } know this installation?
errand-what = What will happen
errand-first = First the server asks you to prove that it is you.
errand-add-then = Then your security key makes the passkey.
errand-add-means = Whoever has that key and knows its PIN can then answer this server as you.
errand-list-means = The names of your passkeys, and when they were made and used, then go to the program that asks.
errand-which = Then you see which passkey it is, before anything is changed.
errand-register-then = Then it gets the public half of a key of this installation.
errand-register-means = From then on it answers nobody who speaks as Placet for your account and has not got that key.
errand-alone = The sign-in is for Placet alone and for this alone. No program can use it.
errand-go-on = Sign in and go on
errand-list-yes = Sign in and list them

row-its-name = Its name
row-passkey = Passkey
row-new-name = New name
row-rp-name = For, as the server calls itself
row-site = Site
row-user-name = Account, as the server calls it
row-user = Of
row-server-id = The server's id
row-made = Made
row-last-used = Last used
row-key-name = The key's name

passkey-make = Make this passkey on your security key?
passkey-make-what = What will be made
passkey-make-how = Your security key asks for its PIN and for a touch.
passkey-make-yes = Make the passkey
passkey-has =
    { $count ->
        [one] You have one passkey there. A key that holds it makes no other.
       *[other] You have { $count } passkeys there. A key that holds one of them makes no other.
    }
passkey-which = Which passkey
passkey-rename = Rename this passkey?
passkey-rename-yes = Rename it
passkey-delete = Delete this passkey?
passkey-delete-yes = Delete it
passkey-delete-means = The server will not take it any more. What is on the security key stays there.
passkey-only = It is your only passkey there.

installation-register = Register this installation?
installation-what = What it will know
installation-register-yes = Register it
installation-known = The server knows this installation by its key, and made this question for it alone.
installation-unknown = The server does not know this installation: another program could have your key sign for it at the same moment.

## The pairing code, codes and passkeys at a server

account-field = Account
pairing-field = Code from the agent's terminal
pairing-wrong = That is not the code. Look at the agent's terminal.
server-ended = The server ended the sign-in. Look again, and approve once more if you still want it.
server-throttled = The server did not look at it. It asks to wait { $seconds } seconds before the next try.
server-unconfirmed = The connection broke and the server did not confirm. You may send the same again.
server-no-passkey = The server did not accept that passkey.
code-clock-ahead = This computer's clock is { $time } ahead of the server's. A code that is made on this computer may be refused; one from your phone is not affected.
code-clock-behind = This computer's clock is { $time } behind the server's. A code that is made on this computer may be refused; one from your phone is not affected.
code-seconds = { $count } seconds
code-minutes = { $count } minutes
code-hours = { $count } hours
code-days = { $count } days
server-no-code = That code was not accepted. Wait for a new one and try again.
server-no-code-tries =
    { $tries ->
        [one] That code was not accepted. One try is left.
       *[other] That code was not accepted. { $tries } tries are left.
    }

## Security keys

key-looking = Put in your security key, or hold it to the reader
key-choosing = Touch the security key that you want to use
key-touch = Touch your security key
key-working = The security key is at work
key-waiting = Waiting for the security key
key-cancelled = It was ended at the security key. Nothing was signed.
key-none = No security key was found. Put one in and try again.
key-no-passkey = This security key has no passkey for this server. Use another one, or deny.
key-has-one = This security key has a passkey for this server already. Use another key, or deny.
key-no-pin = This security key has no PIN, so it cannot prove that it is you. Set one with its maker's program, or use another key.
key-pin-out-and-in = Too many wrong PINs in a row. Take the security key out, put it in again, and try once more.
key-pin-blocked = This security key has blocked its PIN. Use another one, or deny.
key-not-recognized = This security key did not recognize you. Use another way that it has, or another key.
key-removed = The security key was taken out. Nothing was signed.
key-failed = The security key failed. Nothing was signed.
pin-field = PIN of the security key
pin-type = Type the PIN of your security key
pin-use = Use this PIN
pin-wrong = That PIN was wrong.
pin-tries =
    { $tries ->
        [one] One try is left before the security key blocks its PIN.
       *[other] { $tries } tries are left before it blocks its PIN.
    }

## Why Placet refused a question; the requester hears the same in words that do not change

refused-binding = The server's question did not belong to the action that it sent, so nothing was signed.
refused-site = The server asked for a passkey of another site, so nothing was signed.
refused-authenticator = The authenticator's answer did not fit what was asked, so it was not sent.
refused-protocol = The server's answer does not follow its protocol, so it was not used.

## Changes that the book asks for

change-what = What will change
change-asker = Placet's book. Any program of your session can press its buttons: if it was not you, deny.
change-offer = Let notifications approve this?
change-offer-button = A notification for this agent and tool gets a button that approves, if the whole action fits in it. Authorizations of a server never do.
change-offer-anyone = Any program of your session can press that button, or stand in for the program that shows notifications. Allow only what does no harm.
change-offer-readable = The action then stands in the notification, where other programs can read it.
change-offer-yes = Allow this
change-no-offer = Stop approving on notifications?
change-no-offer-means = Only the prompt approves then.
change-no-offer-yes = Stop this
change-quiet = Change the quiet hours?
change-quiet-what = When no notification is shown.
change-quiet-means = Nothing is approved by silence.
change-quiet-yes = Change this
change-pause = End the pause?
change-pause-what = Every answer is no until the pause ends.
change-pause-means = Agents can ask you again.
change-pause-yes = End the pause
change-mute = End this mute?
change-mute-unpaired = All unpaired programs are muted: every answer to them is no.
change-mute-set-up = Questions about setting up are muted: every answer is no.
change-mute-means = It can ask you again.
change-mute-yes = End this mute
unfit-hours = Quiet hours begin and end at different times of the day.
unfit-tool = A tool has a name of at most { $most } characters.
unfit-full = There are { $most } of them already; take one away first.
unfit-agent = No agent is paired under this name.
unfit-busy = Other changes wait to be asked.
unfit-not-recorded = Nothing was changed: the record could not be written.

## Fields: what they take

field-sent-as = Sent as { $value }
field-code = A code is not phishing-resistant. It shows that you are there, not what you approve.
field-none = No answer
field-suggested = Suggested, and not filled in: { $value }
wants-optional = It may stay empty.
wants-email = An e-mail address.
wants-uri = A full web address, with https:// or what it begins with.
wants-date = A date, written YYYY-MM-DD.
wants-date-time = A date and time, written YYYY-MM-DDThh:mm:ssZ, or with +02:00 for Z.
wants-length = Exactly { $count } characters.
wants-length-between = { $least } to { $most } characters.
wants-length-least = At least { $count } characters.
wants-length-most = At most { $count } characters.
wants-whole = A whole number.
wants-whole-between = A whole number, { $least } to { $most }.
wants-whole-least = A whole number, at least { $least }.
wants-whole-most = A whole number, at most { $most }.
wants-number = A number.
wants-number-between = A number, { $least } to { $most }.
wants-number-least = A number, at least { $least }.
wants-number-most = A number, at most { $most }.
wants-any = Choose any number, or none.
wants-up-to-or-none = Choose up to { $count }, or none.
wants-exactly = Choose exactly { $count }.
wants-exactly-or-none = Choose exactly { $count }, or none.
wants-least = Choose at least { $count }.
wants-least-or-none = Choose at least { $count }, or none.
wants-between = Choose { $least } to { $most }.
wants-between-or-none = Choose { $least } to { $most }, or none.

## Fields: what is wrong with what was typed

wrong-missing = Something is missing.
wrong-empty = Fill this in.
wrong-unreadable = This cannot be read.
wrong-unshowable = A character in this cannot be shown as it is.
wrong-email = This is not an e-mail address.
wrong-uri = This is not a full web address.
wrong-date = Write the date as YYYY-MM-DD.
wrong-date-time = Write the time as YYYY-MM-DDThh:mm:ssZ.
wrong-length = This needs exactly { $count } characters.
wrong-length-least = This needs at least { $count } characters.
wrong-length-most = At most { $count } characters fit here.
wrong-digits = Only digits fit here.
wrong-pattern = This does not have the expected form.
wrong-whole = This needs a whole number.
wrong-number = This needs a number.
wrong-large = This number is too large to be kept.
wrong-digits-kept = This number has more digits than can be kept.
wrong-least = At least { $least }.
wrong-most = At most { $most }.
wrong-choose-one = Choose one.
wrong-choose-exactly = Choose exactly { $count }.
wrong-choose-least = Choose at least { $count }.
wrong-choose-most = Choose at most { $count }.

## The list of what waits: tray, notifications, book

board-approval = { $who } wants to use { $tool }
board-authorization = { $who } wants an authorization of { $issuer }
board-form = { $who } asks you to fill in a form
board-trust = Trust { $issuer }?
board-forget = Forget { $issuer }?
board-pair = Pair with { $name }?
board-change = Change what is allowed?

## The prompt's window: its foot, and what stands in the way

prompt-how = hold, or Ctrl+Enter
prompt-how-told = Hold the mouse button on it, or press Ctrl+Enter
prompt-keep-holding = keep holding…
prompt-let-go = let go to confirm
prompt-cancel = Cancel
prompt-reason = Reason for the agent, which will read it
prompt-deny-reason = Deny with a reason…
prompt-deny-all = Deny all { $count } from this requester
prompt-code = Request { $code }
prompt-time-left = { $time } left
prompt-time-over = Time is over
prompt-more-waiting = { $count } more waiting: { $names }
prompt-show-all = Show all of it
prompt-show-rows = Show all { $count } rows
prompt-show-lines = Show all { $count } lines
prompt-show-characters = Show all { $count } characters
prompt-typed =
    { $count ->
        [0] Nothing typed
        [one] 1 character typed
       *[other] { $count } characters typed
    }
prompt-code-next = An authenticator app shows its next code in { $seconds } s.
prompt-code-wait = Wait for the app's next code: it comes in { $seconds } s.
prompt-busy = Waiting for the server…
prompt-busy-key = Waiting for the security key…
prompt-expired = Time is over. Nothing was approved.
prompt-covered = Something lies over this window. Move it away to approve.
prompt-off-screen = Part of this window is off the screen. Move it back to approve.
prompt-cut = Part of this window was cut away. It cannot approve like this.
prompt-recoloured = The colours of the screen were changed. Set them back to approve.
prompt-see-through = This window was made see-through. It cannot approve like this.
prompt-distorted = The screen is set to show only a part, or another picture, of what is on it. Set it back to approve.
prompt-under-pointer = The pointer hides too much of this window. It cannot approve like this.
prompt-sight-unknown = The display does not let Placet look at what lies over this window, so it cannot approve.
prompt-too-small = This window is too small for what it says. Make it larger to approve.
prompt-too-large = This is too large to be shown, so it cannot be approved.
prompt-below = To approve, scroll down to the end first.
prompt-above = To approve, scroll up first: a part of this was not in sight yet.
prompt-within = To approve, scroll the long text to its end first.
prompt-within-above = To approve, scroll the long text up first: a part of it was not in sight yet.
prompt-folded = To approve, first open every part that says “Show all”.
prompt-stays = This is another request. What you chose comes next.
prompt-refused-input = Another program tried to use this window. It was refused.
prompt-click-first = To answer, click this window first.
prompt-hint-hold = To approve, hold the mouse button down until it says “{ prompt-let-go }”, or press Ctrl+Enter.
prompt-hint-space = Enter does nothing on this button. Press Space, or click it.
prompt-hint-go-to = To approve by keyboard: Tab to the last button, then Ctrl+Enter.
prompt-hint-pause = Keys do not count yet. Wait a moment, then type.

## The icon's menu and what it says

tray-trouble = Placet answers no to everything: { $trouble }
tray-away = Screen locked or asleep: no request is shown
tray-quiet = Quiet until { $until }: no notification is shown
tray-waiting =
    { $count ->
        [0] Nothing is waiting
        [one] 1 request is waiting
       *[other] { $count } requests are waiting
    }
tray-ready = Ready
tray-entry = { $code } · { $sentence }
tray-asks = { $name } asks: { $heading }
tray-paused = Paused until { $until }: every answer is no
tray-resume = Resume
tray-pause =
    { $minutes ->
        [60] Pause for 1 hour
       *[other] Pause for { $minutes } minutes
    }
tray-unmute = Unmute { $name } (muted until { $until })
tray-book = Open the book
tray-quit =
    { $waiting ->
        [0] Quit Placet
       *[other] Quit Placet (what waits gets a no)
    }

## What is wrong with the record; goes on with a sentence

trouble-not-private = { $path } { $why }
trouble-too-new = the record has version { $found }, this Placet knows { $known }: use the newer one
trouble-in-use = another Placet uses the record in { $path }
trouble-busy = another program holds the record
trouble-read-only = the record may not be written
trouble-full = there is no space left for the record
trouble-damaged = the record is damaged at entry { $entry }: { $why }
trouble-unusable = the record cannot be used: { $why }
trouble-key-missing = the file { $file } is gone: put it back
trouble-key-foreign = the file { $file } holds another key than this Placet's: put the right one back
trouble-key-not-private = the file { $file } { $why }
trouble-key-too-new = the file { $file } is of a newer Placet: use that one
trouble-key-damaged = the file { $file } is damaged: put the right one back
trouble-key-unusable = the file { $file } cannot be read or written: { $why }
trouble-key-random = the operating system gave no random bytes for a key
trouble-key-record = the record comes first: while it cannot be used, nothing is signed

## Notifications

notice-review = Review
notice-window = Placet's window says what for.
notice-request = Request { $code }, asked at { $time }. Placet's window says what for.
notice-more =
    { $count ->
        [one] 1 more request waits
       *[other] { $count } more requests wait
    }
notice-one-by-one = Placet shows them one after the other.
notice-no-buttons = { $body } To bring it up: Placet's icon, or placet open.

## Answers to the book that are a fault

answer-pairing-stands = The pairing stands: { $why }.
answer-not-changed = It could not be changed.
answer-not-changed-why = It could not be changed: { $why }.
answer-no-history = The history cannot be read.
answer-no-history-why = The history cannot be read: { $why }.
answer-no-look = Not to be looked up.
answer-no-home = the home is not known
answer-no-place = this program is not at a place that can be named
answer-no-folder = it has no folder

## Health, a page of the book

health-modules = Foreign modules
health-modules-none = None was refused
health-modules-none-means = No code from outside the system’s folders was to be loaded since the start.
health-modules-some = { $count } refused since the start
health-modules-some-means = Something wanted code from outside the system’s folders in Placet. It was not loaded.
health-modules-some-better = See “refused_module” in “placet log”: it names the file.
health-install = Install
health-hardened = Hardened
health-hardened-means = Programs of yours cannot change Placet.
health-unhardened = Not hardened
health-unhardened-means = A program that runs as you can replace Placet, or change its record. What you approve counts as a gesture, or as a code, and no more.
health-unhardened-better = There is no hardened install yet.
health-socket-better = Quit Placet and start it again; see which program took the place of its socket.
health-socket = Socket
health-socket-ours = Placet answers there
health-socket-ours-means = Agents of this user ask there, and Placet hears them.
health-socket-other = Another program answers there
health-socket-other-means = Agents ask that program, and what it tells them is not from you.
health-socket-nobody = Nobody answers there
health-socket-nobody-means = Agents cannot ask; what they do then is up to them.
health-record = Record
health-record-whole = Whole at the start, and can be written: { $count } entries
health-record-whole-means = What was asked, shown and answered is kept, and a changed or missing entry is noticed when Placet starts.
health-record-full = Free space on the disk. Placet goes on by itself when it can write again, or when it is started again.
health-record-read-only = Make the record’s folder and file writable for you (see “Where things are”), and start Placet again.
health-record-too-new = Start the newer Placet that wrote it.
health-record-busy = Close the other program that holds the record.
health-record-not-private = Close the folder and file to others, as it says.
health-record-damaged = Put a damaged record aside (see “Where things are”) and start Placet again; agents and servers then have to be added anew.
health-record-means = Nothing can be approved while it is so. What is recorded already stays.
health-keys = Receipts and keys
health-keys-file = Each end is signed, with a key in a file
health-keys-file-means = Any program of yours can read that file and sign with it, agents too. Other users cannot.
health-keys-file-better = There is no hardened install yet, and no key in the machine’s own chip.
health-keys-none = Nothing is signed: { $trouble }
health-keys-none-means = Questions are asked and answered as ever, but no receipt shows it. No new key takes the place of one that is known.
health-keys-instance = Receipts are signed, but { $trouble }
health-keys-instance-means = Placet cannot show a server which installation it is.
health-keys-better = Put the key’s file back as it was (it is beside the record, see “Where things are”), and start Placet again.
health-notifications = Notifications
health-buttons = Shown by { $name }, with buttons
health-buttons-means = Each request is announced, and the announcement leads to the prompt and can deny. Any program of yours can stand there and do the same.
health-no-buttons = Shown by { $name }, without buttons
health-no-buttons-means = Each request is announced; to answer it, bring up the prompt from the icon or with “placet open”.
health-no-buttons-better = Use a notification service with actions, if you want buttons.
health-silent = Somebody has the place and does not answer
health-silent-means = Requests may not be announced. The prompt still opens by itself.
health-silent-better = Start the notification service of your desktop again.
health-no-notifications = Nobody shows them
health-no-notifications-means = The prompt still opens by itself.
health-no-notifications-better = Start the notification service of your desktop.
health-tray = Tray
health-tray-better = Let your panel show status icons. On GNOME, install the extension AppIndicator and KStatusNotifierItem Support.
health-tray-means = What waits is reached with “placet open” or by starting Placet again.
health-panel = A panel shows the icon
health-panel-means = What waits can be reached from the icon.
health-no-panel = Icons are collected, and no panel shows them
health-no-tray = There is no place for the icon
health-lock = Locked screen
health-lock-means = While the screen is locked nothing is decided and what was typed is wiped.
health-lock-better = Use a desktop that locks through systemd-logind or elogind.
health-login = The login manager says so
health-login-and = The login manager says so, and { $savers }
health-saver = Only a screen saver says so: { $savers }
health-saver-means = A lock is noticed while that program runs. Sleep is not noticed.
health-no-lock = Nobody can say so
health-no-lock-means = Placet does not notice that you are away.
health-screen = Screen
health-screen-here = The one where you are logged in
health-screen-here-means = The login manager names this display as yours.
health-screen-elsewhere = Not the one where you are logged in
health-screen-elsewhere-means = Whoever started Placet there may be no person.
health-screen-elsewhere-better = Quit Placet and start it from your own desktop.
health-unknown = Not known
health-screen-unknown-means = The login manager does not say which display is yours.
health-screen-unknown-better = Nothing to do on Wayland: the login manager knows no names of Wayland displays.
health-others = Other programs of this session
health-others-means = Any program of yours may see the screen, codes too, or send input. Input that is known to be sent is refused, but not all of it is known.
health-others-means-wayland = { health-others-means } Here, on Wayland, Placet cannot see what lies over its prompt.
health-others-means-unknown = { health-others-means } Placet may not see what lies over its prompt.
health-others-better = Run agents where they cannot reach this session: in a container, as another user, or on another machine.
others-x11 = X11: they can see the screen, watch every key, type and click
others-type = type and click
others-see = see the screen
others-cover = lay something over this window
others-copy = read what you copy
others-none = Wayland: this desktop offers them no way that Placet knows. It may have others, such as remote desktop
others-one = Wayland: this desktop lets them { $what }
others-several = Wayland: this desktop lets them { $what } and { $last }

## A start that comes to nothing, as a notification

start-cannot = Placet cannot start: { $why }
start-taken = Placet cannot start: its place is taken, and { $why }.
second-other-user = another user's program answers at its socket
second-other-program = { $program } answers at its socket
second-two-programs = one program holds its lock and another its socket
second-closes = it closes the connection
second-silent = it does not answer
second-nobody = nobody answers at its socket
second-protocol = its answer does not follow the protocol

## What the login manager lists as the reason for a delay of sleep

away-inhibits = Hides what it asks and wipes what was typed

## Times

time-later = later

## The book's pages. Here only plain words and braces: the page knows no selectors

book-title = Placet: the book
book-nav-now = Waiting
book-history = History
book-agents = Agents
book-servers = Servers
book-health = Health
book-settings = Settings
book-start = First steps
book-waiting = What is waiting
book-waiting-none = Nothing is waiting for you.
book-waiting-aside = Decisions are made in the prompt, never here.
book-places = Where things are
book-place-index = History’s index (made again from the record)
book-outcome-any = Any
book-outcome-approved = Approved
book-outcome-declined = Declined
book-outcome-cancelled = Cancelled
book-outcome-expired = Expired
book-outcome-unreachable = Unreachable
book-outcome-locked = Locked
book-outcome-rejected = Rejected by the server
book-outcome-protocol = Protocol error
book-outcome-superseded = Superseded
book-outcome-limited = Rate limited
book-outcome-unsupported = Unsupported
book-search = Search
book-older = Show older ones
book-agents-aside = A name says which agent asked, as far as it kept its token to itself. What a revoked agent still has waiting gets a no. To give an agent another name, revoke it and pair it again: names are agreed in the prompt.
book-servers-aside = To add one, run in a terminal: placet as add. Each change is asked in the prompt, never here.
book-start-what = What it does
book-start-what-means = When an agent needs your yes, a window shows who asks and exactly what for. Read it, then hold Approve or press Deny. Anything else is a no: silence, a closed window, a crash. The agent learns how it ended and never a code that you type.
book-start-what-aside = It cannot stop every program of your own user: one that sets out to deceive this session can. Health says what that means here.
book-start-session = Start with your session
book-start-name = Give an agent a name
book-start-init = Claude Code, Codex, Gemini CLI and OpenCode then ask before each tool, if you also run this with their name:
book-start-name-how = In the terminal of the agent, run the line below. It prints a code; type that code into the window that comes up.
book-start-try = Try it
book-start-try-how = This asks you for a yes and runs a harmless command after it:
book-start-remove = To remove Placet and all that it keeps, run: placet quit, then: placet uninstall
book-quiet = Quiet hours
book-quiet-set = Set quiet hours
book-quiet-none = No quiet hours
book-quiet-aside = The icon still counts what waits, and the prompt still comes up without taking the keyboard. Nothing is approved by silence: what nobody answers ends as a no.
book-offers = Approve on notifications
book-offer-yes = Allow this…
book-offer-nobody = Only paired agents can be chosen, and none is paired.
book-offers-aside = For actions that do no harm. Their notification shows the whole action, if it is short, and gets a button that approves. A press is believed only from the program that shows notifications, but any program of yours can press there, or be that program. So it counts as a gesture, and never answers a server. Allowing one is asked in the prompt; taking one away is not.
book-open = Open the prompt
book-words = Words that were shown
book-outcome = Outcome
book-agent = Agent
book-issuer = Server (issuer)
book-quiet-from = From, such as 22:00
book-quiet-to = To, such as 7:00
book-offer-tool = Tool, exactly as the agent names it
book-unnamed = Only unpaired programs
book-pages = Pages
book-asks = { $name } asks
book-open-what = Open the prompt: { $heading }
book-gone = Placet does not answer. Close this window and open the book again.
book-silent = Placet does not answer.
book-itself = Placet's book
book-unpaired = an unpaired program
book-declined-unasked = Declined without asking you ({ $why })
book-asked-code = Request { $code }
book-asked-code-brief = Request { $code } · { $brief }
book-asked-what = What was asked
book-note = What you wrote to it
book-open-code = Open the prompt of request { $code }: { $heading }
book-shown-none-of = Nothing was shown ({ $kind })
book-show = Show
book-show-what = Show: { $heading }, { $who }, { $time }
book-found-none = Nothing was found.
book-found = { $count } shown
book-fields = Fields
book-holds = Sent to be shown { $time }. It still has the recorded hash.
book-holds-not = This is not what was sent to be shown { $time }: its hash is another.
book-detail-gone = The record does not have it any more.
book-back = Back to the list
book-ended = How it ended
book-who = Who asked
book-server = Server
book-server-none = none
book-number = Number
book-receipt = Receipt
book-receipt-none = none was signed
book-receipt-file = { $digest }, signed with a key in a file that any program of yours can read
book-receipt-other = { $digest }, signed with a key that is kept in another way
book-shown-none = Nothing was shown.
book-happened = What happened
book-shown = What was shown
book-revoke-sure = Revoke for good
book-revoke-sure-whom = Revoke { $name } for good
book-revoked = { $name } is revoked.
book-revoked-before = { $name } was not paired any more.
book-keep = Keep
book-keep-whom = Keep { $name }
book-revoke = Revoke
book-revoke-whom = Revoke { $name }
book-paired-unused = Paired { $paired }, has asked nothing yet
book-paired-used = Paired { $paired }, last asked { $asked }
book-agents-none = No agent is paired. To pair one, run in its terminal: placet pair
book-plain-http = Spoken to without encryption, for development.
book-row-issuer = Issuer
book-row-account = Account
book-row-client = Client
book-row-asks = How it asks
book-row-forget = To forget it
book-row-change = To change it
book-row-may = What it may do
book-row-another = Another account
book-row-vouched = Vouched for by
book-row-proxy = Proxy
book-account-none = none was set
book-asks-at = In the prompt, at { $endpoint }
book-asks-not = Not at all: Placet needs a challenge endpoint to ask there. Remove it and add it again.
book-change-how = Run placet as add with this issuer and account again; the prompt asks you.
book-another-how = Run placet as add with this issuer and that account; you choose in the prompt each time.
book-may = Paired agents may ask for its authorizations; you are asked each time. It may ask you for what it needs, in the prompt.
book-vouched-system = The certificate authorities that the system trusts.
book-vouched = { $subject }, SHA-256 { $sha256 }, valid until { $until }.
book-vouched-alone = Nobody else may.
book-proxy = All that is said to it goes through { $proxy }.
book-proxy-none = None.
book-servers-none = No server is trusted.
book-good = Good: { $state }
book-poor = Look at this: { $state }
book-better = To better it: { $better }
book-asked = Placet's prompt asks you now. It changes when you say yes there.
book-set = It is set.
book-muted = Muted until { $until }: { $name }. Every answer is no.
book-end-mute = End the mute…
book-end-mute-of = End the mute… of { $name }
book-paused = Paused until { $until }. Every answer is no.
book-end-pause = End the pause…
book-stopped-aside = To end one from here, you are asked in the prompt, since a program could press this button. The icon's menu ends it at once.
book-offer-by = by { $agent }
book-take-away = Take away
book-take-away-what = Take away: { $tool } by { $agent }
book-quiet-never = Notifications are always shown.
book-quiet-hours = No notification is shown from { $from } to { $to }.
book-quiet-hours-now = No notification is shown from { $from } to { $to }. It is quiet now, until { $until }.
book-offers-none = No notification approves anything.
book-quiet-wrong = Write both times like 22:00.
book-autostart-on = Placet starts when you log in.
book-autostart-off = Placet does not start by itself. What would be started: { $program }
book-autostart-other = Something else starts in Placet's name when you log in: { $other }
book-autostart-stop = Do not start it
book-autostart-start = Start Placet when I log in
book-start-named = Done. Named so far: { $names }.
book-start-unnamed = No agent has a name yet.
book-start-asked = Something was asked and answered: History shows it.
