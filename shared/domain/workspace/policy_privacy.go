package workspace

import (
	"cmp"

	"waymark/shared/domain/consent"
	"waymark/shared/domain/fault"
)

// Treatment is what is done with an event: Keep it, Strip whom it is about, or Drop it.
type Treatment string

// The treatments, from the mildest on. The zero Treatment of a policy is that of a new source.
const (
	Keep  Treatment = "keep"
	Strip Treatment = "strip"
	Drop  Treatment = "drop"
)

func (t Treatment) rank() int {
	switch t {
	case Strip:
		return 1
	case Drop:
		return 2
	}
	return 0
}

func stricter(a, b Treatment) Treatment {
	if a.rank() >= b.rank() {
		return a
	}
	return b
}

// Privacy is what a source does about what visitors decide.
type Privacy struct {
	Denied  Treatment `json:"consent,omitempty"`        // of who has denied analytics; "" = Strip
	Unsaid  Treatment `json:"consent_unsaid,omitempty"` // of who has said nothing; "" = Keep
	GPC     GPC       `json:"gpc,omitempty"`            // whether Global Privacy Control counts
	Visitor Visitor   `json:"visitor,omitempty"`        // by what visitors are told apart
}

// GPC says whether a browser's Global Privacy Control counts: "" honours it.
type GPC string

// IgnoreGPC takes the signal for nothing said.
const IgnoreGPC GPC = "ignore"

// Visitor says by what the visitors of a source are told apart: "" by the ids that clients send.
type Visitor string

// Cookieless visitors are told apart by an id that collect makes of address, agent and a salt of the day, and by nothing
// that they or their browsers send.
const Cookieless Visitor = "cookieless"

// Treat is what is done with an event of a visitor who has said something of analytics, and whose browser asks not to be
// tracked across sites, or does not. Of several reasons the strictest counts; who has granted is kept unless the browser
// asks otherwise or the source knows nobody.
func (p Privacy) Treat(said consent.Verdict, isOpposed bool) Treatment {
	treatment := Keep
	switch said {
	case consent.Denied:
		treatment = cmp.Or(p.Denied, Strip)
	case consent.Unsaid:
		treatment = cmp.Or(p.Unsaid, Keep)
	}
	if isOpposed && p.GPC != IgnoreGPC || p.Visitor == Cookieless {
		treatment = stricter(treatment, Strip)
	}
	return treatment
}

// privacySettings are the fields of Privacy as people set them.
func privacySettings() []Setting {
	return []Setting{
		{
			Name: "consent", Values: "strip|drop|keep", About: "events of visitors who have denied analytics",
			set:  func(p *Policy, text string) error { return setTreatment(&p.Denied, Strip, "consent", text) },
			text: func(p Policy) string { return string(cmp.Or(p.Denied, Strip)) },
		},
		{
			Name: "consent-unsaid", Values: "keep|strip|drop", About: "events of visitors who have said nothing of analytics",
			set:  func(p *Policy, text string) error { return setTreatment(&p.Unsaid, Keep, "consent_unsaid", text) },
			text: func(p Policy) string { return string(cmp.Or(p.Unsaid, Keep)) },
		},
		{
			Name: "gpc", Values: "honour|ignore", About: "Global Privacy Control of browsers",
			set:  func(p *Policy, text string) error { return setWord(&p.GPC, "honour", IgnoreGPC, "gpc", text) },
			text: func(p Policy) string { return cmp.Or(string(p.GPC), "honour") },
		},
		{
			Name: "visitor", Values: "client|cookieless", About: "visitors are told apart by clients' ids, or by one of the day",
			set:  func(p *Policy, text string) error { return setWord(&p.Visitor, "client", Cookieless, "visitor", text) },
			text: func(p Policy) string { return cmp.Or(string(p.Visitor), "client") },
		},
	}
}

// setTreatment keeps the usual one as "", so that the policy of a new source stays the zero one.
func setTreatment(field *Treatment, usual Treatment, name, text string) error {
	switch t := Treatment(text); t {
	case usual:
		*field = ""
	case Keep, Strip, Drop:
		*field = t
	default:
		return fault.Newf(fault.Invalid, "bad_"+name, "this is keep, strip or drop, not %q", text)
	}
	return nil
}

func setWord[T ~string](field *T, usual string, other T, name, text string) error {
	switch text {
	case usual:
		*field = ""
	case string(other):
		*field = other
	default:
		return fault.Newf(fault.Invalid, "bad_"+name, "%s is %s or %s, not %q", name, usual, other, text)
	}
	return nil
}
