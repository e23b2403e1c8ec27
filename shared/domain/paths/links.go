package paths

import (
	"maps"
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
	whyNone string // for all edges
	config  string // parameters of all funnels but their steps
	start   string // the steps as a parameter has them
	end     string
	any     string
	texts   map[place]string
}

// place is a node at a step, or any at it.
type place struct {
	step  int
	label uint32
}

func (f *flow) links() links {
	l := links{flow: f, any: url.QueryEscape(funnel.Step{}.String()), texts: map[place]string{}}
	if f.start != nil {
		l.start = url.QueryEscape(f.start.String())
	}
	if f.end != nil {
		l.end = url.QueryEscape(f.end.String())
	}
	c := funnel.Config{
		Steps: make([]funnel.Step, 1), Order: funnel.Strict, Among: f.kind, Entry: funnel.First, Window: funnel.MaxWindow, Within: funnel.Period,
	}
	if f.isSession {
		c.Within, c.Window = funnel.Session, sessionSpan
	}
	if f.collapses {
		c.Collapse = f.node
	}
	all, err := funnel.New(c)
	if err != nil {
		l.whyNone = err.Error()
		return l
	}
	l.config = written(all.Parameters())
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
	if l.whyNone != "" {
		return "", l.whyNone
	}
	if l.flow.end != nil && !l.flow.end.isNode && (e.step > 0 || !l.isEnd(e)) {
		return "", "a strict funnel cannot leave out who came to an end that is no node"
	}
	var out strings.Builder
	out.WriteString("funnel?")
	for at := 0; at <= e.step+1; at++ {
		text, why := l.step(at, e)
		if why != "" {
			return "", why
		}
		out.WriteString("step=" + text + "&")
	}
	return out.String() + l.config, ""
}

// isEnd says whether an edge leads to an end that is no node, and nowhere else.
func (l links) isEnd(e edge) bool {
	return e.to != folded && l.steps[e.step+1].at[e.to].exits[reached] > 0
}

// step is the funnel's step at a step of the path, as a parameter has it.
func (l links) step(at int, e edge) (text, whyNone string) {
	s := &l.steps[at]
	switch {
	case at == 0 && l.flow.start != nil && (e.step > 0 || len(s.labels) == 1):
		return l.start, ""
	case at == 0 && e.step == 0:
		return "", "funnels have no step that is both the first of all and this node"
	case at == e.step+1 && l.flow.end != nil && !l.flow.end.isNode:
		return l.end, ""
	case at == e.step+1:
		return l.listed(at, e.to)
	case at == e.step:
		return l.listed(at, e.from)
	case at > 0 && l.flow.end != nil, l.kind == funnel.Stages:
		return l.listed(at, anyNode) // any touchpoint could be the end, and is no change of stage that time made
	}
	return l.any, ""
}

// anyNode stands for all nodes of a step that paths go on from.
const anyNode = folded - 1

// listed is the step that is one of some nodes.
func (l links) listed(at int, label uint32) (text, whyNone string) {
	text, found := l.texts[place{at, label}]
	if !found {
		text = l.text(&l.steps[at], label)
		l.texts[place{at, label}] = text
	}
	if text == "" {
		return "", "a step of the funnel would list too many nodes"
	}
	return text, ""
}

// text is "" where there are too many.
func (l links) text(s *stepNodes, label uint32) string {
	labels := []uint32{label}
	switch label {
	case anyNode:
		labels = s.goOn
	case folded:
		labels = nil
		for _, label := range s.labels {
			if _, found := s.at[label]; !found {
				labels = append(labels, label)
			}
		}
	}
	if len(labels) > maxValues {
		return ""
	}
	v := funnel.Value{By: l.node}
	for _, label := range labels {
		v.Exact = append(v.Exact, l.names[label])
	}
	return url.QueryEscape(funnel.Step{Values: []funnel.Value{v}, View: l.kind == funnel.Pages, Enters: l.kind == funnel.Stages}.String())
}

// written writes parameters but for steps as a query.
func written(said map[string][]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if name == "step" {
			continue
		}
		for _, value := range said[name] {
			parts = append(parts, name+"="+url.QueryEscape(value))
		}
	}
	return strings.Join(parts, "&")
}
