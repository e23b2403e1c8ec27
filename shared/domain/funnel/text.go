package funnel

import (
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/condition"
)

// Grammar says how a step is written as a text, for help and faults.
const Grammar = `a step is the name of an event (Product Viewed, or its beginning: Product *), event:NAME, page:PATH (/cart, or /cart*), stage:NAME (which is ` +
	`entered), order, DIMENSION:VALUE (channel:email), or * for any touchpoint; several values are parted by |; conditions follow in brackets, as ` +
	`[plan=pro], [value>=100], [value<=9], [sku^=SHOE], [plan] (given), [!plan] (not given) and [DIMENSION:VALUE]; ? at the end makes the step optional; ` +
	`a backslash before a character takes it as it is`

// ParseStep reads the text of a step, see Grammar. ParseStep of String gives the same step. Fault: Invalid bad_parameter at step.
func ParseStep(text string) (Step, error) { return ParseStepAt("step", text) }

// ParseStepAt is ParseStep of the parameter or field that is named.
func ParseStepAt(at, text string) (Step, error) {
	p := &textReader{at: at, text: text}
	var s Step
	head := p.until("[?")
	if err := p.head(&s, trimmed(head)); err != nil {
		return s, err
	}
	for p.took("[") {
		inner := p.until("]")
		if !p.took("]") {
			return s, p.bad("the bracket %.60q is not closed", inner)
		}
		if err := p.condition(&s, trimmed(inner)); err != nil {
			return s, err
		}
		p.text = strings.TrimLeft(p.text, " ")
	}
	s.Optional = p.took("?")
	if rest := strings.TrimSpace(p.text); rest != "" {
		return s, p.bad("nobody knows what %.60q is for", rest)
	}
	if _, err := s.Matcher(at); err != nil {
		return s, err
	}
	return s, nil
}

type textReader struct{ at, text string }

func (p *textReader) bad(format string, args ...any) error {
	return analysis.Bad(p.at, format+"; "+strings.ReplaceAll(Grammar, "%", "%%"), args...)
}

// until takes the text before any of some characters, which a backslash hides. Escapes are left in.
func (p *textReader) until(stops string) string {
	n := find(p.text, stops)
	taken := p.text[:n]
	p.text = p.text[n:]
	return taken
}

// find gives the place of the first of some characters that no backslash hides; the length of the text where there is none.
func find(text, stops string) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.IndexByte(stops, text[i]) >= 0:
			return i
		}
	}
	return len(text)
}

func (p *textReader) took(what string) bool {
	rest, found := strings.CutPrefix(p.text, what)
	p.text = rest
	return found
}

func (p *textReader) head(s *Step, head string) error {
	switch head {
	case "":
		return p.bad("the step is empty")
	case "*":
		return nil
	case "order":
		s.Order = true
		return nil
	}
	kind, values := "event", head
	if colon := find(head, ":"); colon < len(head) {
		kind, values = head[:colon], head[colon+1:]
	}
	dimension := kind
	switch kind {
	case "page":
		s.View = true
	case "stage":
		s.Enters = true
	}
	return p.value(s, dimension, values)
}

func (p *textReader) value(s *Step, dimension, values string) error {
	by, err := analysis.ParseBreakdown(p.at, unescaped(dimension))
	if err != nil {
		return p.bad("there is no dimension %.40q (an event with a colon in its name is written event:NAME)", dimension)
	}
	v := Value{By: by}
	for _, text := range parted(values) {
		begin, isBeginning := strings.CutSuffix(text, "*")
		switch isBeginning = isBeginning && !isEscaped(begin); {
		case isBeginning && begin == "", text == "":
			return p.bad("%.40q names no value", dimension+":"+values)
		case isBeginning:
			v.Begin = append(v.Begin, unescaped(begin))
		default:
			v.Exact = append(v.Exact, unescaped(text))
		}
	}
	s.Values = append(s.Values, v)
	return nil
}

// isEscaped says whether what follows the text is taken as it is.
func isEscaped(before string) bool {
	return (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1
}

// parted gives the values that | parts.
func parted(values string) (out []string) {
	for {
		n := find(values, "|")
		out = append(out, trimmed(values[:n]))
		if n == len(values) {
			return out
		}
		values = values[n+1:]
	}
}

// trimmed cuts spaces off both ends that no backslash keeps.
func trimmed(text string) string {
	text = strings.TrimLeft(text, " ")
	short := strings.TrimRight(text, " ")
	if isEscaped(short) && len(short) < len(text) {
		short += " "
	}
	return short
}

func unescaped(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		out = append(out, text[i])
	}
	return string(out)
}

// Quote writes a value so that ParseStep takes it as it is.
func Quote(value string) string {
	var out []byte
	for i := range len(value) {
		if strings.IndexByte(`\[]|?*:=<>^!`, value[i]) >= 0 || value[i] == ' ' && (i == 0 || i == len(value)-1) {
			out = append(out, '\\')
		}
		out = append(out, value[i])
	}
	return string(out)
}

// condition reads what stands in brackets.
func (p *textReader) condition(s *Step, inner string) error {
	if n := find(inner, ":=<>^"); n < len(inner) && inner[n] == ':' {
		return p.value(s, inner[:n], inner[n+1:])
	}
	name, asked, err := p.asking(inner)
	if err != nil {
		return err
	}
	if s.When.Properties == nil {
		s.When.Properties = map[string]condition.Asking{}
	}
	before := s.When.Properties[name]
	merge(&before.Equals, asked.Equals)
	merge(&before.In, asked.In)
	merge(&before.AtLeast, asked.AtLeast)
	merge(&before.AtMost, asked.AtMost)
	merge(&before.Prefix, asked.Prefix)
	merge(&before.Exists, asked.Exists)
	s.When.Properties[name] = before
	return nil
}

// merge puts values of a second bracket to those of the first: package condition refuses two where one is needed.
func merge(to *condition.Texts, more condition.Texts) { *to = append(*to, more...) }

func (p *textReader) asking(inner string) (name string, asked condition.Asking, err error) {
	n := find(inner, "=<>^")
	name = trimmed(inner[:n])
	if n == len(inner) {
		asked.Exists = condition.Texts{"true"}
		if rest, isNot := strings.CutPrefix(name, "!"); isNot {
			name, asked.Exists = rest, condition.Texts{"false"}
		}
	}
	if name = unescaped(name); name == "" {
		return "", asked, p.bad("[%.60s] names no property", inner)
	}
	if n == len(inner) {
		return name, asked, nil
	}
	op, rest := inner[n:n+1], inner[n+1:]
	if op != "=" {
		var isOp bool
		if rest, isOp = strings.CutPrefix(rest, "="); !isOp {
			return "", asked, p.bad("[%.60s] has no comparison; there are =, >=, <= and ^=", inner)
		}
	}
	var values condition.Texts
	for _, text := range parted(rest) {
		values = append(values, unescaped(text))
	}
	switch {
	case op == ">":
		asked.AtLeast = values
	case op == "<":
		asked.AtMost = values
	case op == "^":
		asked.Prefix = values
	case len(values) == 1:
		asked.Equals = values
	default:
		asked.In = values
	}
	return name, asked, nil
}

// String writes a step as ParseStep reads it. Of what only a document can ask (names that must not be, types) the text says it in words.
func (s Step) String() string {
	var out strings.Builder
	values := s.Values
	switch isHead := len(values) > 0 && s.isHead(values[0]); {
	case isHead:
		name := Quote(values[0].By.Name) + ":"
		if name == "event:" {
			name = ""
		}
		text := written(values[0])
		if name == "" && (text == "order" || text == "") {
			name = "event:"
		}
		out.WriteString(name + text)
		values = values[1:]
	case s.Order:
		out.WriteString("order")
	default:
		out.WriteString("*")
	}
	for _, v := range values {
		out.WriteString("[" + Quote(v.By.Name) + ":" + written(v) + "]")
	}
	for _, name := range slices.Sorted(maps.Keys(s.When.Properties)) {
		writeAsking(&out, Quote(name), s.When.Properties[name])
	}
	rest := s.When
	rest.Properties = nil
	if c, err := condition.New("", rest); err == nil && !c.IsZero() {
		out.WriteString("[" + c.String() + "]")
	}
	if s.Optional {
		out.WriteString("?")
	}
	return out.String()
}

// isHead says whether a value can stand before the brackets.
func (s Step) isHead(v Value) bool {
	return !s.Order && s.View == (v.By.Name == "page") && s.Enters == (v.By.Name == "stage")
}

func written(v Value) string {
	var texts []string
	for _, text := range v.Exact {
		texts = append(texts, Quote(text))
	}
	for _, text := range v.Begin {
		texts = append(texts, strings.TrimSuffix(Quote(text+"*"), `\*`)+"*")
	}
	return strings.Join(texts, "|")
}

func writeAsking(out *strings.Builder, name string, a condition.Asking) {
	for _, is := range []struct {
		op     string
		values condition.Texts
	}{{"=", a.Equals}, {"=", a.In}, {">=", a.AtLeast}, {"<=", a.AtMost}, {"^=", a.Prefix}} {
		if is.values != nil {
			var texts []string
			for _, text := range is.values {
				texts = append(texts, Quote(text))
			}
			out.WriteString("[" + name + is.op + strings.Join(texts, "|") + "]")
		}
	}
	for _, text := range a.Exists {
		out.WriteString("[" + map[string]string{"true": "", "false": "!"}[text] + name + "]")
	}
}
