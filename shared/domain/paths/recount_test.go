package paths_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/paths"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

// asking is one way to ask, in a form that the second count reads.
type asking struct {
	node, start, end   string
	collapse, session  bool
	steps, nodes       int
	isStart, isEnd     func(r step.Row) bool // as the texts say
	startNode, endNode bool                  // they are nodes
}

func is(value func(r step.Row) string, texts ...string) func(step.Row) bool {
	return func(r step.Row) bool { return slices.Contains(texts, value(r)) }
}

func random(r *rand.Rand) asking {
	a := asking{steps: 2 + r.IntN(5), nodes: 1 + r.IntN(12), collapse: r.IntN(2) == 0, session: r.IntN(3) == 0}
	eventOf := func(r step.Row) string { return r.Event }
	isOrder := func(r step.Row) bool { return r.Order != nil && r.Order.Kind == event.Completed }
	enters := func(name string) func(step.Row) bool {
		return func(r step.Row) bool { return r.Stage == name && r.StageBefore != name }
	}
	switch r.IntN(5) {
	case 0:
		a.node, a.start, a.isStart, a.startNode = "event", "Product Viewed", is(eventOf, "Product Viewed"), true
		a.end, a.isEnd, a.endNode = "Order Completed|Payment Failed", is(eventOf, "Order Completed", "Payment Failed"), true
	case 1:
		a.node, a.start, a.isStart = "event", "stage:decision", enters("decision")
		a.end, a.isEnd = "order", isOrder
	case 2:
		isPage := func(path string) func(step.Row) bool {
			return func(r step.Row) bool { return r.IsPageView() && r.Page == path }
		}
		a.node, a.start, a.isStart, a.startNode = "page", "page:/shoes", isPage("/shoes"), true
		a.end, a.isEnd, a.endNode = "page:/checkout", isPage("/checkout"), true
	case 3:
		a.node, a.start, a.isStart, a.startNode = "channel", "channel:email", is(func(r step.Row) string { return r.Channel }, "email"), true
		a.end, a.isEnd = "order", isOrder
	case 4:
		a.node, a.start, a.isStart, a.startNode = "stage", "stage:consideration", enters("consideration"), true
		a.end, a.isEnd, a.endNode = "stage:purchase", enters("purchase"), true
	}
	if r.IntN(2) == 0 {
		a.start, a.isStart = "", nil
	}
	if r.IntN(2) == 0 {
		a.end, a.isEnd = "", nil
	}
	return a
}

func (a asking) question(t *testing.T) analysis.Question {
	return question(t, fmt.Sprintf("steps=%d", a.steps), fmt.Sprintf("nodes=%d", a.nodes), "node="+a.node, "start="+a.start, "end="+a.end, "top=1000",
		"repeats="+map[bool]string{true: "collapse", false: "keep"}[a.collapse], "scope="+map[bool]string{true: "session", false: "person"}[a.session])
}

// nodes gives the nodes of some steps by their definition, "" of those that are none.
func (a asking) nodesOf(life []step.Row) []string {
	out := make([]string, len(life))
	before := "\x00"
	for i, r := range life {
		value := ""
		switch a.node {
		case "event", "channel":
			if value = map[string]string{"event": r.Event, "channel": r.Channel}[a.node]; value == "" {
				value = "unknown"
			}
			if r.Session == 0 {
				value = ""
			}
		case "page":
			if r.Type == event.Page {
				value = r.Page
			}
		case "stage":
			if r.Stage != r.StageBefore {
				value = r.Stage
			}
		}
		if a.session && r.Session == 0 || value == "" {
			continue
		}
		if !a.collapse || value != before {
			out[i] = value
		}
		before = value
	}
	return out
}

// path is the one of a life, by its definition; nil where there is none.
func (a asking) path(life []step.Row) (path []string, how string) {
	limit := event.At(end)
	if a.session {
		limit = event.At(end.AddDate(0, 0, 2))
	}
	life = step.Between(life, event.At(begin), limit)
	nodes := a.nodesOf(life)
	in := func(i int) bool { return life[i].At < event.At(end) }
	together := func(i, j int) bool {
		return !a.session || life[i].Session > 0 && life[i].Session == life[j].Session && life[j].At.Sub(life[i].At) <= 24*time.Hour
	}
	hits := func(is func(step.Row) bool, isNode bool, i int) bool {
		return is != nil && is(life[i]) && (nodes[i] != "" || !isNode)
	}
	name := func(i int, text string, isNode bool) string {
		if isNode || text == "" {
			return nodes[i]
		}
		return text
	}
	if a.isStart == nil && a.isEnd != nil {
		for i := len(life) - 1; i >= 0; i-- {
			if !in(i) || !hits(a.isEnd, a.endNode, i) {
				continue
			}
			path = []string{name(i, a.end, a.endNode)}
			for j := i - 1; j >= 0; j-- {
				if nodes[j] != "" && together(j, i) {
					path = append(path, nodes[j])
				}
			}
			slices.Reverse(path)
			if len(path) > a.steps {
				return append([]string{"…"}, path[len(path)-a.steps:]...), "cut"
			}
			return path, "ended"
		}
		return nil, ""
	}
	for i := range life {
		if !in(i) || a.isStart != nil && !hits(a.isStart, a.startNode, i) || a.isStart == nil && nodes[i] == "" {
			continue
		}
		path = []string{name(i, a.start, a.startNode)}
		how = "ended"
		for j := i + 1; j < len(life) && how == "ended"; j++ {
			switch isEnd := hits(a.isEnd, a.endNode, j); {
			case !together(i, j):
			case isEnd:
				path, how = append(path, name(j, a.end, a.endNode)), "reached"
			case nodes[j] != "":
				path = append(path, nodes[j])
			}
		}
		if len(path) > a.steps {
			return append(path[:a.steps:a.steps], "…"), "cut"
		}
		return path, how
	}
	return nil, ""
}

// TestRecount compares paths with a second count on random lives, holds what flows to be conserved, and asks each funnel.
func TestRecount(t *testing.T) {
	t.Parallel()
	asked, linked := 0, 0
	seed.Each(t, 70, func(t *testing.T, r *rand.Rand) {
		lives, a := analysistest.Lives(r.Uint64(), 60), random(r)
		if r.IntN(4) == 0 {
			a.end, a.isEnd = "", nil
		}
		answer := answered(t, lives, a.question(t))
		want := map[string]int{}
		ends := map[string]int{}
		for _, life := range lives {
			if path, how := a.path(life); path != nil {
				want[strings.Join(path, " > ")]++
				ends[how]++
			}
		}
		var texts []string
		for _, path := range slices.Sorted(maps.Keys(want)) {
			texts = append(texts, fmt.Sprintf("%s|%d", path, want[path]))
		}
		got := strings.Split(rows(t, answer, "paths", "path", "persons"), "\n")
		slices.Sort(got)
		slices.Sort(texts)
		if strings.Join(got, "\n") != strings.Join(texts, "\n") {
			t.Fatalf("%+v: paths are\n%s\nwant\n%s", a.question(t).Said, strings.Join(got, "\n"), strings.Join(texts, "\n"))
		}
		a.chosen(t, answer, want)
		conserved(t, answer, ends, a.end != "" && a.start == "")
		n, of := funnels(t, answer, lives, a.question(t))
		asked, linked = asked+of, linked+n
	})
	t.Logf("%d of %d edges have a funnel", linked, asked)
	if seed.Setting(t, "WAYMARK_SEED", 0) == 0 && (linked < 150 || linked*10 < asked*3) {
		t.Errorf("%d of %d edges have a funnel; so few say little", linked, asked)
	}
}

func answered(t *testing.T, lives [][]step.Row, q analysis.Question) analysis.Answer {
	return asked(t, paths.Analysis(), lives, q)
}

// chosen holds the nodes of each step to be the largest ones, of equal ones the first by name, with all others as one.
func (a asking) chosen(t *testing.T, answer analysis.Answer, paths map[string]int) {
	t.Helper()
	sizes := map[int]map[string]int{}
	for path, n := range paths {
		nodes := strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "… > "), " > …"), " > ")
		for i, node := range nodes {
			at := i + 1
			if a.start == "" && a.end != "" {
				at = i + 1 - len(nodes)
			}
			if sizes[at] == nil {
				sizes[at] = map[string]int{}
			}
			sizes[at][node] += n
		}
	}
	got := map[int][]string{}
	for _, line := range strings.Split(rows(t, answer, "nodes", "position", "node", "persons"), "\n") {
		if position, rest, found := strings.Cut(line, "|"); found {
			got[number(t, position)] = append(got[number(t, position)], rest)
		}
	}
	for at, size := range sizes {
		names := slices.SortedFunc(maps.Keys(size), func(x, y string) int { return cmp.Or(size[y]-size[x], strings.Compare(x, y)) })
		var want []string
		rest := 0
		for i, name := range names {
			if i < a.nodes {
				want = append(want, fmt.Sprintf("%s|%d", name, size[name]))
			} else {
				rest += size[name]
			}
		}
		if rest > 0 {
			want = append(want, fmt.Sprintf("(other)|%d", rest))
		}
		if !slices.Equal(got[at], want) {
			t.Errorf("nodes at %d are %q, want %q", at, got[at], want)
		}
	}
}

// conserved holds that as many go out of each node as came in, and that drop-off is what nodes say.
func conserved(t *testing.T, answer analysis.Answer, ends map[string]int, isBackward bool) {
	t.Helper()
	persons, out, in, dropped := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	first, step := 1, 1
	if isBackward {
		first, step = 0, -1
	}
	total, totals := 0, map[string]int{}
	for _, line := range strings.Split(rows(t, answer, "nodes", "position", "node", "persons", "no_further", "reached", "goes_on"), "\n") {
		if line == "" {
			continue
		}
		f := strings.Split(line, "|")
		at, n := number(t, f[0]), number(t, f[2])
		persons[f[0]+" "+f[1]] = n
		if at == first {
			total += n
		}
		for i, how := range []string{"ended", "reached", "cut"} {
			totals[how] += number(t, f[3+i])
		}
		if f[3] != "0" && !isBackward {
			dropped[f[0]+" "+f[1]] = number(t, f[3])
		}
	}
	for _, line := range strings.Split(rows(t, answer, "edges", "position", "from", "to", "persons"), "\n") {
		if line == "" {
			continue
		}
		f := strings.Split(line, "|")
		from, to := f[1], f[2]
		if isBackward {
			from, to = to, from
		}
		out[f[0]+" "+from] += number(t, f[3])
		if !isEnding(to) {
			in[fmt.Sprintf("%d %s", number(t, f[0])+step, to)] += number(t, f[3])
		}
	}
	for node, n := range persons {
		if out[node] != n {
			t.Errorf("%d of %d go out of %s", out[node], n, node)
		}
		if !strings.HasPrefix(node, fmt.Sprintf("%d ", first)) && in[node] != n {
			t.Errorf("%d of %d came into %s", in[node], n, node)
		}
	}
	shown := map[string]int{}
	for _, line := range strings.Split(rows(t, answer, "drop_off", "position", "node", "dropped"), "\n") {
		if f := strings.Split(line, "|"); len(f) == 3 {
			shown[f[0]+" "+f[1]] = number(t, f[2])
		}
	}
	if !maps.Equal(shown, dropped) {
		t.Errorf("drop-off is %v, nodes say %v", shown, dropped)
	}
	if total != ends["ended"]+ends["reached"]+ends["cut"] || totals["ended"] != ends["ended"] || totals["reached"] != ends["reached"] || totals["cut"] != ends["cut"] {
		t.Errorf("%d persons end as %v, want %v", total, totals, ends)
	}
}

// isEnding says whether what stands in the place of a node is how paths end.
func isEnding(node string) bool { return strings.HasPrefix(node, "(") && node != "(other)" }

func number(t *testing.T, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// funnels asks the funnel of each edge that has one: it converts as many.
func funnels(t *testing.T, answer analysis.Answer, lives [][]step.Row, of analysis.Question) (linked, edges int) {
	t.Helper()
	for _, line := range strings.Split(rows(t, answer, "edges", "position", "from", "to", "persons", "funnel", "why_none"), "\n") {
		f := strings.SplitN(line, "|", 5)
		if len(f) < 5 || isEnding(f[1]) || isEnding(f[2]) {
			continue
		}
		edges++
		at := strings.LastIndexByte(f[4], '|') // funnels write | as %7C
		query, why := f[4][:at], f[4][at+1:]
		if (query == "") == (why == "") {
			t.Fatalf("an edge has a funnel or the reason why not: %q", line)
		}
		if query == "" {
			continue
		}
		linked++
		said, err := url.ParseQuery(strings.TrimPrefix(query, "funnel?"))
		if err != nil {
			t.Fatal(err)
		}
		q := of
		q.Said = said
		result := asked(t, funnel.Analysis(), lives, q)
		if got := rows(t, result, "summary", "converted"); got != f[3] {
			t.Errorf("%v: %s > %s at %s is %s persons, but in %s %s convert", of.Said, f[1], f[2], f[0], f[3], query, got)
		}
	}
	return linked, edges
}

// TestToPurchase holds that the paths to purchase add up to the persons who bought, each once.
func TestToPurchase(t *testing.T) {
	t.Parallel()
	lives, buyers := analysistest.Lives(5, 300), 0
	for _, life := range lives {
		if slices.ContainsFunc(step.Between(life, event.At(begin), event.At(end)), func(r step.Row) bool { return r.Event == "Order Completed" }) {
			buyers++
		}
	}
	answer, sum := answered(t, lives, question(t, "end=order", "node=channel", "repeats=collapse", "top=3")), 0
	for _, line := range strings.Split(rows(t, answer, "paths", "persons"), "\n") {
		sum += number(t, line)
	}
	if sum != buyers || buyers < 30 {
		t.Errorf("paths are of %d persons, %d have bought", sum, buyers)
	}
}

// BenchmarkPaths reads lives of some 100,000 steps.
func BenchmarkPaths(b *testing.B) {
	lives := analysistest.Lives(1, 8000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	q := question(b, "start=Product Viewed", "steps=20")
	q.From, q.To, q.Now = analysistest.Begin, analysistest.End, event.At(analysistest.End)
	plan, err := paths.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	listed := analysis.Listing(lives, 2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := plan.Answer(listed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps)*1e6/1e9, "s/1Msteps")
}

// TestFunnelsWithoutTheEnd asks the funnels of paths that stop at an end, where others went on from it to the same nodes.
func TestFunnelsWithoutTheEnd(t *testing.T) {
	t.Parallel()
	q := question(t, "start=View", "end=Buy")
	all := lives("View Buy Home Add", "View Home Home Add Buy", "View Add Home Add")
	if linked, edges := funnels(t, answered(t, all, q), all, q); linked != edges || edges != 7 {
		t.Errorf("%d of %d edges have a funnel, want 7 of 7", linked, edges)
	}
}
