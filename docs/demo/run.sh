#!/usr/bin/env bash
# The demo: one description, from the file to two tokens, each step checked.
#
# It works on a copy in a temporary folder, with a SoftHSM2 of its own, and
# leaves nothing behind. It ends with an error where a step is not as expected.
# "make demo" builds bin/inscribe and starts it.
set -euo pipefail
umask 077

here=$(cd "$(dirname "$0")" && pwd)
export PATH="$here/../../bin:$PATH"
work=$(mktemp -d "${TMPDIR:-/tmp}/inscribe-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$here/card.dsc" "$here/inscribe.toml" "$work"
cd "$work"

# shellcheck source=docs/demo/steps.sh
source "$here/steps.sh"

# count N WHAT PATTERN demands N lines of the last output.
count() {
	local n
	n=$(grep -cE -- "$3" out || true)
	[[ $n == "$1" ]] || fail "$n $2 instead of $1"
}

for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/local/lib/softhsm/libsofthsm2.so; do
	[[ -e $module ]] && break
done
[[ -e $module ]] || fail "libsofthsm2.so is nowhere to be found; is softhsm2 installed?"

# Two tokens, as a card with a signature slot has two PINs.
mkdir tokens
cat >softhsm2.conf <<-END
	directories.tokendir = $work/tokens
	objectstore.backend = file
	log.level = ERROR
END
export SOFTHSM2_CONF=$work/softhsm2.conf XDG_STATE_HOME=$work/state
export CARD_PIN=card-4711 SIGN_PIN=sign-0815
softhsm2-util --init-token --free --label CARD --so-pin 12345678 --pin "$CARD_PIN" >out
softhsm2-util --init-token --free --label SIGN --so-pin 12345678 --pin "$SIGN_PIN" >out
printf '%s\n' "$CARD_PIN" >card.pin
cat >station.toml <<-END
	[middleware."yourMiddleware.dll"]
	module = "$module"
	default.token = "pkcs11:token=CARD"
	signature.token = "pkcs11:token=SIGN"
END
export INSCRIBE_STATION=$work/station.toml

title "A description"
say "Application A goes to the default slot, B behind the signature PIN; for C a field decides at run time."
try 0 tail -n +9 card.dsc
[[ $(head -n 1 out) == "[Fields]" ]] || fail "the fields are not where they were"

title "Check it"
try 0 inscribe check card.dsc
want "no findings"
say "One letter is lost in a copy. The vendor's encoder would put the signing key behind the wrong PIN, silently:"
sed 's/#Signature/#Sigature/' card.dsc >typo.dsc
try 1 inscribe check --fail-on warning typo.dsc
want "warning[location-default]"
want "+ Location=#Signature"
pass "a warning with its fix, exit code 1"

title "Plan it"
try 0 inscribe plan card.dsc
want "field:WHERE"
want "Needs: PIN, SIGN_PIN, WHERE"
want "Plan: 3 keys, 3 certificates, 0 PINs changed; 0 destroyed; 16 ops"
pass "16 ops; no token was touched, no PIN was asked for"

title "Apply it"
say "What the library is on this machine, and which token is which slot, is the machine's to say:"
try 0 cat station.toml
say "PINs come from a file, the environment, a descriptor or a prompt, never from the arguments:"
values=(--field PIN=file:card.pin --field SIGN_PIN=env:SIGN_PIN --field WHERE=Signature)
try 0 inscribe apply card.dsc "${values[@]}"
want "Applied card.dsc: 6 written, 0 kept"
id=$(sed -nE 's/^ +B +signing +id ([0-9a-f]+)$/\1/p' out)
[[ -n $id ]] || fail "the result has no id of the signing key"
pass "3 keys made on the tokens, 3 certificates from the embedded CA written beside them"

title "Look at the tokens with another program"
# objects LABEL PIN-VARIABLE lists private keys and certificates, one a line.
objects() {
	printf '\n%s$ pkcs11-tool --token-label %s --login --pin env:%s --list-objects   (shortened)%s\n' "$bold" "$1" "$2" "$off"
	pkcs11-tool --module "$module" --token-label "$1" --login --pin "env:$2" --list-objects >objects 2>err </dev/null || fail "pkcs11-tool: $(cat err)"
	awk '
		function flush() { if (kind != "") printf "%-12s %-9s %s\n", kind, label, facts; kind = label = facts = "" }
		/^[A-Z]/ { flush() }
		/^Private Key Object/ { kind = "private key" }
		/^Certificate Object/ { kind = "certificate" }
		/^  label:/ { label = $2 }
		/^  subject:/ { sub(/^ *subject: *DN: */, ""); facts = $0 }
		/^  Access:/ { sub(/^ *Access: */, ""); facts = $0 }
		END { flush() }' objects | sort >out
	cat out
}
objects CARD CARD_PIN
count 1 "private keys on CARD" '^private key .*logon .*always sensitive, never extractable, local'
count 1 "certificates on CARD" '^certificate'
objects SIGN SIGN_PIN
count 2 "private keys on SIGN" '^private key .*(signing|approval) .*always sensitive, never extractable, local'
count 2 "certificates on SIGN" '^certificate'
pass "each key lies where it should, was made there and cannot leave"

title "Verify the certificates with OpenSSL"
inscribe ca cert >ca.pem
for at in logon:CARD signing:SIGN approval:SIGN; do
	label=${at%:*}
	pkcs11-tool --module "$module" --token-label "${at#*:}" --read-object --type cert --label "$label" --output-file "$label.der" >err 2>&1 </dev/null || fail "pkcs11-tool: $(cat err)"
	openssl x509 -inform DER -in "$label.der" -out "$label.pem"
done
try 0 openssl verify -x509_strict -CAfile ca.pem logon.pem signing.pem approval.pem
count 3 "verified certificates" ': OK$'
say "And a signature by the signing key, made on the token, under its certificate:"
pkcs11-tool --module "$module" --token-label SIGN --login --pin env:SIGN_PIN --sign --mechanism SHA256-RSA-PKCS --id "$id" \
	--input-file card.dsc --output-file card.sig >err 2>&1 </dev/null || fail "pkcs11-tool: $(cat err)"
openssl x509 -in signing.pem -noout -pubkey >signing.pub
try 0 openssl dgst -sha256 -verify signing.pub -signature card.sig card.dsc
want "Verified OK"

title "Apply it again"
cp objects before
try 0 inscribe apply card.dsc "${values[@]}"
want "everything was there already, nothing to do"
pkcs11-tool --module "$module" --token-label SIGN --login --pin env:SIGN_PIN --list-objects >objects 2>err </dev/null
cmp -s <(sort before) <(sort objects) || fail "the second run changed the token"
pass "nothing to do, nothing done"

title "Is the token still what the description says?"
try 0 inscribe verify card.dsc "${values[@]}"
want "13 ok, 0 drifted, 0 not looked at in full"
say "Somebody takes a certificate away:"
pkcs11-tool --module "$module" --token-label SIGN --login --pin env:SIGN_PIN --delete-object --type cert --label approval >err 2>&1 </dev/null || fail "pkcs11-tool: $(cat err)"
try 1 inscribe verify card.dsc "${values[@]}"
want "differs: there is no certificate beside the key"
pass "a drift is named, exit code 1; verify only reads"

title "Look for the PINs in what was written"
rm card.pin
if grep -rlF -e "$CARD_PIN" -e "$SIGN_PIN" . >out; then
	fail "a PIN stands in $(cat out)"
fi
pass "in no journal, in no certificate, in no output"
printf '\n%sDone.%s The demo leaves nothing behind; docs/cli.md tells how to go on.\n' "$bold" "$off"
