package paths

import (
	"net/url"
	"slices"
	"strings"

	"waymark/shared/domain/funnel"
)

// maxValues is how many nodes a step of a funnel lists.
const maxValues = 40

// links finds the funnels of edges: the start, anything at the steps between, and the two nodes of the edge, strictly one after the other from the
// person's first start on. Where that would count others too there is none.
type links struct {
	*flow
	config  funnel.Config
	whyNone string // for all edges
}

func (f *flow) links() links {
	l := links{flow: f, config: funnel.Config{Order: funnel.Strict, Among: f.kind, Entry: funnel.First, Window: funnel.MaxWindow, Within: funnel.Period}}
	if f.isSession {
		l.config.Within, l.config.Window = funnel.Session, sessionSpan
	}
	if f.collapses {
		l.config.Collapse = f.node
	}
	switch {
	case f.isBackward:
		l.whyNone = "a funnel begins at its first step, and these paths are counted back from their end"
	case f.person != "":
		l.whyNone = "a funnel is of all persons"
	case f.unseen > 0:
		l.whyNone = "for some persons the start or the end is a step that this kind of node does not show"
	case !f.isSession && f.To.Sub(f.From) > funnel.MaxWindow:
		l.whyNone = "the period is longer than the window of a funnel may be"
	}
	return l
}

// of gives the parameters of an edge's funnel, or why there is none.
func (l links) of(e edge) (query, whyNone string) {
	c := l.config
	if l.whyNone != "" {
		return "", l.whyNone
	}
	if l.end != nil && !l.end.isNode && (e.step > 0 || !l.isEnd(e)) {
		return "", "a strict funnel cannot leave out who came to an end that is no node"
	}
	for at := 0; at <= e.step+1; at++ {
		s, why := l.step(at, e)
		if why != "" {
			return "", why
		}
		c.Steps = append(c.Steps, s)
	}
	f, err := funnel.New(c)
	if err != nil {
		return "", err.Error()
	}
	return written(f.Parameters()), ""
}

// isEnd says whether an edge leads to an end that is no node, and nowhere else.
func (l links) isEnd(e edge) bool {
	return e.to != folded && l.steps[e.step+1].at[e.to].exits[reached] > 0
}

// step is the funnel's step at a step of the path.
func (l links) step(at int, e edge) (funnel.Step, string) {
	s := &l.steps[at]
	switch {
	case at == 0 && l.start != nil && (e.step > 0 || len(s.labels) == 1):
		return l.start.Step, ""
	case at == 0 && e.step == 0:
		return funnel.Step{}, "funnels have no step that is both the first of all and this node"
	case at == e.step+1 && l.end != nil && !l.end.isNode:
		return l.end.Step, ""
	case at == e.step+1:
		return l.nodeStep(s, e.to)
	case at == e.step:
		return l.nodeStep(s, e.from)
	case at > 0 && l.end != nil, l.kind == funnel.Stages:
		return l.listed(s.goOn) // any touchpoint could be the end, and is no change of stage that time made
	}
	return funnel.Step{}, "" // any
}

func (l links) nodeStep(s *stepNodes, label uint32) (funnel.Step, string) {
	if label != folded {
		return l.listed([]uint32{label})
	}
	var labels []uint32
	for _, label := range s.labels {
		if _, found := s.at[label]; !found {
			labels = append(labels, label)
		}
	}
	return l.listed(labels)
}

func (l links) listed(labels []uint32) (funnel.Step, string) {
	if len(labels) > maxValues {
		return funnel.Step{}, "a step of the funnel would list too many nodes"
	}
	v := funnel.Value{By: l.node}
	for _, label := range labels {
		v.Exact = append(v.Exact, l.names[label])
	}
	return funnel.Step{Values: []funnel.Value{v}, View: l.kind == funnel.Pages, Enters: l.kind == funnel.Stages}, ""
}

// written writes parameters as a query, steps first and in their order.
func written(said map[string][]string) string {
	var parts []string
	var names []string
	for name := range said {
		if name != "step" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range append([]string{"step"}, names...) {
		for _, value := range said[name] {
			parts = append(parts, name+"="+url.QueryEscape(value))
		}
	}
	return "funnel?" + strings.Join(parts, "&")
}
