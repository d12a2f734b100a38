#!/usr/bin/env bash
# The demo on a smart card: one emulated card with a signature slot of its own, two
# PINs and two PUKs, behind pcscd and OpenSC, each step checked.
#
# It works on a copy in a temporary folder and leaves nothing behind. It ends with an
# error where a step is not as expected. "make demo-card" builds bin/inscribe and
# bin/vcard and starts it. The daemon of the card needs root.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
export PATH="$here/../../bin:$PATH"
if [[ -z ${VCARD_CONTROL:-} ]]; then
	# The PINs and PUKs of a lab, which vcard personalises the card with.
	export VCARD_PIN=47110 VCARD_PUK=11112222 VCARD_SIGN_PIN=81500 VCARD_SIGN_PUK=33334444
	root=()
	((EUID == 0)) || root=(sudo --preserve-env=VCARD_PIN,VCARD_PUK,VCARD_SIGN_PIN,VCARD_SIGN_PUK,NO_COLOR)
	exec "${root[@]}" "$here/../../bin/vcard" bash "$here/card.sh"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/inscribe-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$here/card.dsc" "$work"
sed 's/^profile = .*/profile = "opensc"/' "$here/inscribe.toml" >"$work/inscribe.toml"
cd "$work"

# shellcheck source=docs/demo/steps.sh
source "$here/steps.sh"

# same WHAT GOT WANT demands that two texts are one.
same() { [[ $2 == "$3" ]] || fail "$1: $2 instead of $3"; }

module=$(compgen -G '/usr/lib/*/opensc-pkcs11.so' | head -n 1) || fail "opensc-pkcs11.so is nowhere to be found; is opensc-pkcs11 installed?"
cat >station.toml <<-END
	[middleware."yourMiddleware.dll"]
	module = "$module"
	default.token = "pkcs11:token=LAB%20%28User%20PIN%29"
	signature.token = "pkcs11:token=LAB%20%28Signature%20PIN%29"
END
export INSCRIBE_STATION=$work/station.toml XDG_STATE_HOME=$work/state
export CARD_PIN=$VCARD_PIN SIGN_PIN=$VCARD_SIGN_PIN SIGN_PUK=$VCARD_SIGN_PUK NEW_PIN=24680

title "One card, two slots"
try 0 inscribe tokens --module "$module"
want 'token "LAB (User PIN)"'
want 'token "LAB (Signature PIN)"'
same "serial numbers" "$(sed 's/\x1b\[[0-9;]*m//g' out | grep -oE 'serial [0-9]+' | sort -u | wc -l)" 1
pass "one serial number, a slot for each PIN"

title "Plan it"
say "A key in the signature slot of this card needs the logins of both slots. The profile knows, so the plan has them:"
try 0 inscribe plan card.dsc --field WHERE=Signature
want "profile opensc"
want "Plan: 3 keys, 3 certificates, 0 PINs changed; 0 destroyed"
pass "nothing was sent to the card"

title "Apply it, and pull the card in the middle"
values=(--field PIN=env:CARD_PIN --field SIGN_PIN=env:SIGN_PIN --field WHERE=Signature --lab-ca)
vcard ctl pull-at 0 "${PULL_AT:-190}" after
try 5 inscribe apply card.dsc "${values[@]}"
want "FAILED"
vcard ctl insert 0
pass "the card went after an APDU was done and before it was answered; exit code 5"
say "The card is back. The same command goes on:"
try 0 inscribe apply card.dsc "${values[@]}"
want "Applied card.dsc:"
same "tries left" "$(vcard ctl tries 0 1), $(vcard ctl tries 0 2)" "3 10, 3 10"
pass "nothing is there twice, and no PIN and no PUK has lost a try"

title "Look at the card with another program"
# entries lists private keys and certificates as the card itself tells of them.
entries() {
	printf '\n%s$ pkcs15-tool --list-keys --list-certificates   (shortened)%s\n' "$bold" "$off"
	pkcs15-tool --list-keys --list-certificates >entries 2>err </dev/null || fail "pkcs15-tool: $(cat err)"
	awk '
		function flush() { if (kind != "") printf "%-12s %-9s %s\n", kind, label, pin; kind = label = pin = "" }
		/^(Private|X.509)/ { flush(); label = $0; sub(/.*\[/, "", label); sub(/\].*/, "", label); kind = /^Private/ ? "private key" : "certificate" }
		/Auth ID/ { pin = "behind PIN " $NF }
		END { flush() }' entries | sort >out
	cat out
}
entries
same "entries" "$(wc -l <out)" 6
for line in 'private key +logon +behind PIN 01' 'private key +signing +behind PIN 02' 'private key +approval +behind PIN 02' 'certificate +logon' 'certificate +signing' 'certificate +approval'; do
	same "$line" "$(grep -cE "^$line" out)" 1
done
inscribe ca cert >ca.pem
for id in $(awk '/^Private/ { p = 1 } /^X.509/ { p = 0 } p && /^\tID/ { print $NF }' entries); do
	pkcs15-tool --read-certificate "$id" >"$id.pem" 2>err </dev/null || fail "pkcs15-tool: $(cat err)"
	openssl verify -x509_strict -CAfile ca.pem "$id.pem" >out 2>&1 || fail "$(cat out)"
done
pass "each key is guarded by its own PIN; OpenSSL verifies the certificates"

title "Lock the signature PIN, and open it with its PUK"
for _ in 1 2 3; do
	pkcs11-tool --module "$module" --token-label "LAB (Signature PIN)" --login --pin 00000 --list-objects >out 2>&1 </dev/null && fail "a wrong PIN opens the slot"
done
try 0 inscribe tokens --module "$module"
want "user PIN locked, its PUK unlocks it"
cat >unblock.dsc <<-END
	[Fields]
	PUK=
	NEW=

	[Description]
	PKCS11Library=yourMiddleware.dll
	SetPin=true
	InitialSignPUK=PUK
	SignPIN=NEW
END
try 0 inscribe apply unblock.dsc --field PUK=env:SIGN_PUK --field NEW=env:NEW_PIN
want "Applied unblock.dsc"
same "tries left" "$(vcard ctl tries 0 1), $(vcard ctl tries 0 2)" "3 10, 3 10"
pass "the other slot never noticed"

title "What PKCS#11 cannot do on this card is refused when planning"
sed 's/^InitialSignPUK=PUK/&\nSignPUK=NEW/' unblock.dsc >puk.dsc
try 4 inscribe apply puk.dsc --field PUK=env:SIGN_PUK --field NEW=env:NEW_PIN
want "PKCS#11 has no call that changes the PUK of a card of the profile opensc"

title "Look for the PINs in what was written"
if grep -rlF -e "$CARD_PIN" -e "$SIGN_PIN" -e "$SIGN_PUK" -e "$NEW_PIN" . >out; then
	fail "a PIN stands in $(cat out)"
fi
pass "in no journal, in no certificate, in no output"
printf '\n%sDone.%s The demo leaves nothing behind; docs/cli.md tells how to go on.\n' "$bold" "$off"
