package workspace

import (
	"fmt"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Kinds says which kinds of touchpoint a source may send.
type Kinds string

// AnyKind is whatever a client sends: what is of no kind counts as unknown. StrictKinds are those of the catalogue, as their JSON Schemas say, and
// what the source's plan names.
const (
	AnyKind     Kinds = ""
	StrictKinds Kinds = "strict"
)

func (p *Policy) setKinds(text string) error {
	switch text {
	case "any":
		p.Kinds = AnyKind
	case "strict":
		p.Kinds = StrictKinds
	default:
		return fault.Newf(fault.Invalid, "bad_kinds", "kinds are any or strict, not %q", text)
	}
	return nil
}

// MaxPlanBytes is how long a tracking plan may be; every key of its source holds it.
const MaxPlanBytes = 64 << 10

// noPlan is the text that takes a plan away.
const noPlan = "none"

// setPlan takes the text of a plan. Whether it is one says package plan, which whoever sets it asks before.
func (p *Policy) setPlan(text string) error {
	if text == noPlan {
		p.Plan = ""
		return nil
	}
	if len(text) > MaxPlanBytes {
		return fault.Newf(fault.Invalid, "bad_plan", "the tracking plan has %d bytes, the limit is %d", len(text), MaxPlanBytes)
	}
	if _, err := strictjson.Parse(text); err != nil {
		return fault.Newf(fault.Invalid, "bad_plan", "the tracking plan is not JSON: %v", err)
	}
	p.Plan = text
	return nil
}

func (p Policy) planText() string {
	if p.Plan == "" {
		return noPlan
	}
	return fmt.Sprintf("%d-bytes", len(p.Plan))
}

// Properties says which properties the touchpoints of a source keep, as people set it: "" is those of the catalogue, "all" is all, and a list has
// names of more.
type Properties string

const (
	allProperties   = "all"
	modelProperties = "model"
)

func (p *Policy) setProperties(text string) error {
	switch text {
	case modelProperties:
		p.Properties = ""
		return nil
	case allProperties:
		p.Properties = allProperties
		return nil
	}
	names := strings.Split(text, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if names[i] == "" || len(names[i]) > event.MaxKeptNameBytes || strings.Contains(strings.TrimSuffix(names[i], ".*"), "*") {
			return fault.Newf(fault.Invalid, "bad_properties",
				"properties are model, all, or names such as plan,shop.floor,address.*, each of at most %d bytes; %q is none", event.MaxKeptNameBytes, names[i])
		}
	}
	if len(names) > event.MaxKept {
		return fault.Newf(fault.Invalid, "bad_properties", "%d names of properties are listed, the limit is %d", len(names), event.MaxKept)
	}
	p.Properties = Properties(strings.Join(names, ","))
	return nil
}

// Keep says which properties the touchpoints of the source keep, besides those that all do.
func (p Policy) Keep(keep event.Keep) event.Keep {
	keep.All = p.Properties == allProperties
	if !keep.All && p.Properties != "" {
		keep.Names = strings.Split(string(p.Properties), ",")
	}
	return keep
}
