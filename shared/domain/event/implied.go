package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// ImpliedID is the messageId that Parse makes for an event without one, of the event as it was sent: a client's retry
// has the same. It is "" for an event that has a messageId, and for one without a time of its own, which cannot be told
// from a second one. Whoever changes an event on its way gives it this id first, so that two events stay two.
func ImpliedID(sent strictjson.Value, of Type) ID {
	isTimed := !isNothing(sent.Get("originalTimestamp")) || !isNothing(sent.Get("timestamp"))
	if sent.Get("messageId").Scalar() != "" || !isTimed {
		return ""
	}
	id, err := hashID(sent, of)
	if err != nil {
		return ""
	}
	return id
}

// TimeOf is the device's own time of an event as it was sent, which Parse makes its original time; 0 when it says none, or
// none that can be read.
func TimeOf(sent strictjson.Value) Millis {
	said := sent.Get("originalTimestamp")
	if isNothing(said) {
		said = sent.Get("timestamp")
	}
	at, err := ParseTime(said.Scalar())
	if err != nil {
		return 0
	}
	return at
}

// hashID is the id of an event by its content.
func hashID(sent strictjson.Value, of Type) (ID, error) {
	tree := sent.Map()
	delete(tree, "sentAt") // a retry has another one
	delete(tree, "writeKey")
	canonical, err := json.Marshal(tree)
	if err != nil {
		return "", fault.Newf(fault.Invalid, "bad_json", "the event cannot be written again: %v", err)
	}
	sum := sha256.Sum256(append(canonical, of...))
	return ID("wm-" + hex.EncodeToString(sum[:12])), nil
}
