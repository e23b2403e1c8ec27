// Package trust says how far an event may be believed, and what its source may say at all: it grades events by who has sent them, verifies
// the proofs of signed users, and rejects what a site may not say. Whoever reads an event asks it, so the road of an event decides nothing.
//
// It is not for what an event does once it is believed: that is for packages identity, profile and journey.
//
//	check := trust.OfKey(key).Judge()
//	err := check(&e) // e.Grade is set; the error's code is the class of the failed event
package trust

import (
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Source is what is known of the source of an event.
type Source struct {
	Kind    workspace.Kind
	Policy  workspace.Policy
	Secrets []workspace.IdentitySecret
}

// OfKey is the source of a write key.
func OfKey(k workspace.Key) Source { return Source{k.Kind, k.Policy, k.Secrets} }

// Of is a source of a workspace by its name. One that is not there is a site of which nothing is settled.
func Of(w workspace.Workspace, source string) Source {
	return Source{w.KindOf(source), w.PolicyOf(source), w.SecretsOf(source)}
}

// Judge gives the check of the events of a source as they come in. It sets Grade, Vouched and Unproven, takes out identifiers that the event may
// not name, and forgets its Proof. Its errors are of kind fault.Invalid, with code time_not_accepted, server_only, negative_order,
// order_too_large or unproven_identity. What it says depends on the event,
// its receipt and the source alone.
func (s Source) Judge() event.Check { return judge{Source: s}.check }

// JudgeReplay gives the check of a failed event that somebody replays with a secret key, and so vouches for its time and its money. proven are
// the identifiers that were proven when it failed. Its grade and whom it may name are judged as before.
func (s Source) JudgeReplay(proven []event.Identifier) event.Check {
	return judge{Source: s, isReplay: true, proven: proven}.check
}

type judge struct {
	Source
	isReplay bool
	proven   []event.Identifier // when it failed; of a replay alone
}

func (j judge) check(e *event.Event) error {
	if e.Order != nil && e.Order.Amount < 0 {
		return fault.New(fault.Invalid, "negative_order",
			"the order comes to less than nothing; send what was paid, and what goes back as Order Refunded from a server").At("properties")
	}
	if !j.isReplay {
		if err := j.vouched(e); err != nil {
			return err
		}
	}
	if j.Kind == workspace.ServerSource {
		e.Grade, e.Proof = event.Server, event.Proof{}
		return nil
	}
	return j.identity(e)
}

// vouched checks what somebody with a secret key may vouch for.
func (j judge) vouched(e *event.Event) error {
	if most := j.Policy.MaxOrder; most > 0 && e.Order != nil && e.Order.Amount > most {
		return fault.Newf(fault.Invalid, "order_too_large",
			"the amount is above %s, the most that one order of this source may come to; if it is right, replay it, or raise max-order", most).At("properties")
	}
	if j.Kind == workspace.ServerSource {
		return nil
	}
	if err := j.time(e); err != nil {
		return err
	}
	switch e.Name {
	case event.OrderUpdated, event.OrderCancelled, event.OrderRefunded:
		if e.Type == event.Track {
			return fault.New(fault.Invalid, "server_only",
				"a site cannot change, cancel or refund an order, because everybody can read its key; send this from a server, with its key").At("event")
		}
	}
	return nil
}

// time checks that a site's event happened about now. Its device's clock was corrected before.
func (j judge) time(e *event.Event) error {
	late := e.Received.Sub(e.Corrected)
	switch accepts := j.Policy.Accepts(); {
	case e.Future || late < -event.FutureLimit:
		return fault.New(fault.Invalid, "time_not_accepted",
			"the event says that it happened more than 24 hours after it was received; a server may send it, or replay it if that is right").At("timestamp")
	case late > accepts:
		return fault.Newf(fault.Invalid, "time_not_accepted",
			"the event says that it happened more than %d days before it was received; a server may send it, or replay it if that is right, or raise accept",
			accepts/(24*time.Hour)).At("timestamp")
	}
	return nil
}

// identity grades a site's event and takes out whom it may not name.
func (j judge) identity(e *event.Event) error {
	proven := j.provenBy(e)
	e.Proof, e.Unproven = event.Proof{}, false
	if j.Policy.Identity == workspace.SignedUsers {
		named := len(e.Identifiers)
		e.Identifiers = slices.DeleteFunc(slices.Clone(e.Identifiers), func(id event.Identifier) bool {
			return needsProof(id) && !slices.Contains(proven, id)
		})
		e.Unproven = len(e.Identifiers) < named
	}
	if e.Type == event.Alias { // a user who was somebody before takes everything of theirs along
		e.Previous = slices.DeleteFunc(slices.Clone(e.Previous), func(id event.Identifier) bool { return id.Kind() == event.User })
		if len(e.Previous) == 0 {
			return unproven("the alias gives up a user, which only a server may do; send it with a server's key").At("previousId")
		}
		if e.Unproven && (len(e.Identifiers) == 0 || e.PrimaryID().Kind() != event.User) {
			return unproven(withoutProof).At("userId")
		}
	}
	if len(e.Identifiers) == 0 {
		return unproven(withoutProof).At("context.proof")
	}
	e.Grade, e.Vouched = event.Public, false
	if slices.Contains(proven, e.PrimaryID()) {
		e.Grade = event.Signed
		e.Vouched = e.PrimaryID().Kind() == event.User && slices.ContainsFunc(proven, func(id event.Identifier) bool { return id.Kind() == event.Email })
	}
	return nil
}

const withoutProof = "the source takes signed users alone, and the event proves nobody whom it names, and has no anonymousId; " +
	"send context.proof, which the site's server makes (docs/signed-users.md)"

func unproven(why string) *fault.Error { return fault.New(fault.Invalid, "unproven_identity", why) }

// needsProof says whether everybody could say an identifier who knows it. Whoever knows the id of a browser or a device speaks as that one anyway.
func needsProof(id event.Identifier) bool {
	return id.Kind() != event.Anonymous && id.Kind() != event.Device
}
