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
banner-elsewhere = This is not the screen that you are logged in at.
banner-blind = Placet cannot see here whether something lies over this window.
banner-unhardened = This installation is not hardened: other programs of your account could press its buttons.

## The pairing code, codes and passkeys at a server

pairing-field = Code from the agent's terminal
pairing-wrong = That is not the code. Look at the agent's terminal.
server-ended = The server ended the sign-in. Look again, and approve once more if you still want it.
server-throttled = The server did not look at it. It asks to wait { $seconds } seconds before the next try.
server-unconfirmed = The connection broke and the server did not confirm. You may send the same again.
server-no-passkey = The server did not accept that passkey.
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
