package plan

import (
	"strings"
	"sync"
	"unicode"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/schema"
	"waymark/shared/domain/workspace"
)

// Kinds are the kinds of touchpoint and their JSON Schemas. They are asked for when a source needs them.
type Kinds struct {
	Catalogue func() kind.Catalogue
	Schema    func(kind string) (string, error)
}

// Checker holds events against what is settled for their sources. It remembers the plans and schemas that it has read, and is safe for concurrent
// use. A nil Checker asks nothing of any event.
type Checker struct {
	kinds     Kinds
	catalogue func() kind.Catalogue
	mu        sync.Mutex
	plans     map[string]read // by their text
	schemas   map[string]*schema.Schema
}

type read struct {
	plan *Plan
	err  error
}

// maxPlans is how many plans a Checker remembers; with more it begins anew.
const maxPlans = 64

// NewChecker returns a Checker.
func NewChecker(kinds Kinds) *Checker {
	return &Checker{
		kinds: kinds, catalogue: sync.OnceValue(kinds.Catalogue), plans: map[string]read{}, schemas: map[string]*schema.Schema{},
	}
}

// For gives the check of a source's events; nil when nothing is asked of them. The check's errors are of kind fault.Invalid, with code plan_violation
// or unknown_kind. The error of For says that the plan cannot be read, which it could when it was set: the check does without it, for no event
// may be lost for that.
func (c *Checker) For(p workspace.Policy) (event.Check, error) {
	isStrict := p.Kinds == workspace.StrictKinds
	if c == nil || p.Plan == "" && !isStrict {
		return nil, nil
	}
	known, err := c.plan(p.Plan)
	if err != nil && !isStrict {
		return nil, err
	}
	return func(e *event.Event) error {
		violations, isPlanned := []schema.Violation(nil), false
		if known != nil {
			violations, isPlanned = known.Check(e)
		}
		if len(violations) > 0 {
			return violated("the tracking plan", violations)
		}
		if isStrict && e.Type.Touches() {
			return c.checkKind(e, isPlanned)
		}
		return nil
	}, err
}

// plan reads a plan once; nil for none.
func (c *Checker) plan(text string) (*Plan, error) {
	if text == "" {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, found := c.plans[text]
	if !found {
		if len(c.plans) == maxPlans {
			clear(c.plans)
		}
		known.plan, known.err = Parse(text)
		c.plans[text] = known
	}
	return known.plan, known.err
}

// checkKind holds an event of a strict source against the schema of its kind.
func (c *Checker) checkKind(e *event.Event, isPlanned bool) error {
	of, isKnown := c.catalogue().Of(e.Type, e.Name)
	if !isKnown {
		if isPlanned {
			return nil
		}
		return fault.New(fault.Invalid, "unknown_kind",
			"the source takes known events only, and this is of no kind that docs/touchpoints.md lists; put it into the tracking plan of the source, or take strict off").At("event")
	}
	asked, err := c.schema(of.Kind)
	if err != nil {
		return err
	}
	if violations := asked.Check(whole(e)); len(violations) > 0 {
		return violated("the kind "+of.Kind, violations)
	}
	return nil
}

func (c *Checker) schema(kind string) (*schema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.schemas[kind]; known != nil {
		return known, nil
	}
	text, err := c.kinds.Schema(kind)
	if err != nil {
		return nil, err
	}
	read, err := schema.Parse(text)
	if err != nil {
		return nil, err
	}
	c.schemas[kind] = read
	return read, nil
}

// How much a reason tells.
const (
	maxTold       = 5
	maxToldBytes  = 200
	maxFieldBytes = 64
)

// violated is the fault of an event. It names each field once, and nothing of what the event says in it.
func violated(by string, violations []schema.Violation) error {
	var told []string
	seen := map[string]bool{}
	for _, v := range violations {
		if !seen[v.Field] && len(told) < maxTold {
			told = append(told, cut(v.String(), maxToldBytes))
		}
		seen[v.Field] = true
	}
	return fault.Newf(fault.Invalid, "plan_violation", "%s is not met: %s", by, strings.Join(told, "; ")).At(cut(violations[0].Field, maxFieldBytes))
}

// cut shortens what may hold a name that the client made up.
func cut(said string, bytes int) string {
	if len(said) > bytes {
		said = strings.ToValidUTF8(said[:bytes], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, said)
}
