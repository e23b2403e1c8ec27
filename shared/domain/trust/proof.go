package trust

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"waymark/shared/domain/event"
)

// Proof is what a site's server prints for the tracker: the HMAC-SHA256 of an id with an identity secret, in hex. The id is a user's id or
// an e-mail address as the server knows it.
func Proof(secret, id string) string { return hex.EncodeToString(mac(secret, id)) }

func mac(secret, id string) []byte {
	code := hmac.New(sha256.New, []byte(secret))
	code.Write([]byte(id))
	return code.Sum(nil)
}

// Proven gives the identifiers of a site's event that its proof proves, with the secrets that are valid at its receipt: its user, its e-mail address
// or both.
//
// The proof of a user is that of the user's id in the form that Waymark knows it by, and of no other text that looks the same: to the site they
// may be two users. The proof of an e-mail address is that of the address in small letters, or of the address as the event writes it, if the two
// differ in nothing but the case of letters and blanks around them, because all those are one mailbox.
func (s Source) Proven(e *event.Event) (proven []event.Identifier) {
	for _, id := range e.Identifiers {
		switch id.Kind() {
		case event.User:
			if s.isSigned(e.Proof.User, id.Value(), e.Received) {
				proven = append(proven, id)
			}
		case event.Email:
			texts := []string{id.Value()}
			if said := strings.TrimSpace(e.Proof.Address); said != id.Value() && strings.EqualFold(said, id.Value()) {
				texts = append(texts, said)
			}
			if slices.ContainsFunc(texts, func(text string) bool { return s.isSigned(e.Proof.Email, text, e.Received) }) {
				proven = append(proven, id)
			}
		}
	}
	return proven
}

// isSigned says whether a proof is that of an id with one of the secrets that are valid at an instant. How long it takes says nothing of the proof.
func (s Source) isSigned(proof, id string, received event.Millis) bool {
	sent, err := hex.DecodeString(proof)
	if err != nil || len(sent) != sha256.Size {
		return false
	}
	isSigned := false
	for _, secret := range s.Secrets {
		if secret.Valid(received) && hmac.Equal(mac(secret.Text, id), sent) {
			isSigned = true
		}
	}
	return isSigned
}

// provenBy are the identifiers that an event proves now, or proved when it failed.
func (j judge) provenBy(e *event.Event) []event.Identifier {
	proven := j.Proven(e)
	for _, id := range j.proven {
		if slices.Contains(e.Identifiers, id) && !slices.Contains(proven, id) {
			proven = append(proven, id)
		}
	}
	return proven
}

// Kept is a failed event as it is kept: without its proof, which would prove its user for as long as the secret is valid, and with what it proved.
func (s Source) Kept(f event.Failed) event.Failed {
	named := event.Named([]byte(f.Original), f.Envelope().Stamp(0))
	f.Proven = s.Proven(&named)
	f.Original = string(event.WithoutProof([]byte(f.Original)))
	if len(f.Context) > 0 {
		f.Context = event.ContextWithoutProof(f.Context)
	}
	return f
}
