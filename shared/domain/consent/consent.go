// Package consent reads what a visitor has said about being measured, from the forms in which sites and consent tools say
// it, and takes out of an event whom it is about. It is for the purpose of analytics alone, and does not know what a source
// does about a denial: that is its policy, see package workspace.
//
//	consent.Of(event.Get("context"), batch) // Denied
package consent

import (
	"strings"

	"waymark/shared/domain/strictjson"
)

// Verdict is what a visitor has said of analytics.
type Verdict uint8

// The verdicts. Nobody is taken to have said anything that is not said in a form known here.
const (
	Unsaid Verdict = iota
	Granted
	Denied
)

// String names the verdict.
func (v Verdict) String() string { return [...]string{"unsaid", "granted", "denied"}[v] }

// and is the verdict of two statements: a denial wins, then a grant.
func (v Verdict) and(other Verdict) Verdict { return max(v, other) }

// Of is the verdict of the context of an event, which lies over that of its batch, member by member. The forms are:
//
//	consent: true, "granted", "denied"                              in short
//	consent: {"analytics": false}, {"analytics_storage": "denied"}  by category; the latter is Google's consent mode
//	consent: {"categoryPreferences": {"Analytics": false}}          Segment and what OneTrust sends through it
//	consent: "G101"                                                 Google's gcs: the second digit is analytics
//	consentManagement: {"deniedConsentIds": ["C0002"]}              RudderStack
//
// Where categories name analytics more than once, one denial is a denial.
func Of(own, batch strictjson.Value) Verdict {
	member := func(name string) strictjson.Value {
		if v := own.Get(name); v.Kind() != strictjson.Missing {
			return v
		}
		return batch.Get(name)
	}
	return said(member("consent")).and(managed(member("consentManagement")))
}

// said reads context.consent.
func said(v strictjson.Value) Verdict {
	if v.Kind() != strictjson.Object {
		return word(v)
	}
	verdict := Unsaid
	if inner := v.Get("categoryPreferences"); inner.Kind() == strictjson.Object {
		v = inner
	}
	for category, value := range v.Members() {
		if isAnalytics(category) {
			verdict = verdict.and(word(value))
		}
	}
	return verdict
}

// managed reads context.consentManagement: lists of what was allowed and denied.
func managed(v strictjson.Value) Verdict {
	names := func(list string) bool {
		for id := range v.Get(list).Items() {
			if isAnalytics(id.Scalar()) {
				return true
			}
		}
		return false
	}
	switch {
	case names("deniedConsentIds"):
		return Denied
	case names("allowedConsentIds"):
		return Granted
	}
	return Unsaid
}

// word reads one answer.
func word(v strictjson.Value) Verdict {
	text := strings.ToLower(strings.TrimSpace(v.Scalar()))
	switch text {
	case "true", "granted", "yes", "accepted", "1":
		return Granted
	case "false", "denied", "no", "rejected", "0":
		return Denied
	}
	if len(text) == 4 && strings.HasPrefix(text, "g1") { // G1, advertising, analytics
		return gcs(text[3])
	}
	return Unsaid
}

func gcs(c byte) Verdict {
	switch c {
	case '1':
		return Granted
	case '0':
		return Denied
	}
	return Unsaid
}

// isAnalytics says whether a category is that of analytics, as consent tools name it. C0002 is OneTrust's.
func isAnalytics(category string) bool {
	switch strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(category)) {
	case "analytics", "analytic", "analyticsstorage", "statistics", "statistic", "stats", "performance", "measurement",
		"audiencemeasurement", "analyticscookies", "performancecookies", "c0002", "statistik", "analyse", "all":
		return true
	}
	return false
}

// Opposed says whether the visitor's browser asks by Global Privacy Control, as the page has seen it: context.gpc.
func Opposed(own, batch strictjson.Value) bool { return isSaid("gpc", own, batch) }

// Cookieless says whether the tracker keeps no id of the visitor, because the page wants it so: context.cookieless.
func Cookieless(own, batch strictjson.Value) bool { return isSaid("cookieless", own, batch) }

// isSaid reads a member of the context of an event, which lies over that of its batch.
func isSaid(name string, own, batch strictjson.Value) bool {
	v := own.Get(name)
	if v.Kind() == strictjson.Missing {
		v = batch.Get(name)
	}
	return word(v) == Granted
}
