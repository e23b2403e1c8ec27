package importer

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// condition decides about a row. The zero value holds for every row.
type condition struct {
	all, any []condition
	not      *condition
	column   string
	op       string
	value    string
	number   float64
	numeric  bool // the mapping compares with a number
	form     numberForm
	list     map[string]bool
	pattern  *regexp.Regexp
}

var operators = []string{"=", "!=", "<", "<=", ">", ">=", "in", "matches", "empty"}

// condition reads {column, op, value}, {all: […]}, {any: […]} or {not: …}; a list stands for all.
func (r *mappingReader) condition(n *yaml.Node) condition {
	if n.Kind == yaml.SequenceNode {
		return condition{all: r.conditions(n, "where")}
	}
	var c condition
	var operand *yaml.Node
	readers := r.numberKeys("where", &c.form)
	maps.Copy(readers, map[string]func(*yaml.Node){
		"all":    func(n *yaml.Node) { c.all = r.conditions(n, "where.all") },
		"any":    func(n *yaml.Node) { c.any = r.conditions(n, "where.any") },
		"not":    func(n *yaml.Node) { inner := r.condition(n); c.not = &inner },
		"column": func(n *yaml.Node) { c.column = r.column(n, "where.column") },
		"op":     func(n *yaml.Node) { c.op = r.oneOf(n, "where.op", operators...) },
		"value":  func(n *yaml.Node) { operand = n },
	})
	delete(readers, "scale") // a filter compares what the file says
	r.fields(n, "where", readers)
	c.form.check(r, n, "where", "number")
	forms := 0
	for _, used := range []bool{c.all != nil, c.any != nil, c.not != nil, c.column != "" || c.op != "" || operand != nil} {
		if used {
			forms++
		}
	}
	if forms != 1 {
		r.fail(n, "where is one of {column, op, value}, all, any or not")
	}
	if c.op == "" && c.column == "" {
		return c
	}
	r.operand(n, operand, &c)
	return c
}

func (r *mappingReader) conditions(n *yaml.Node, what string) []condition {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fail(n, "%s must be a list of conditions that is not empty", what)
		return nil
	}
	list := make([]condition, 0, len(n.Content))
	for _, item := range n.Content {
		list = append(list, r.condition(item))
	}
	return list
}

func (r *mappingReader) operand(n, operand *yaml.Node, c *condition) {
	if c.column == "" || c.op == "" || (operand == nil) != (c.op == "empty") {
		r.fail(n, "a condition needs column and op, and a value unless op is empty")
		return
	}
	switch c.op {
	case "empty":
	case "in":
		c.list = map[string]bool{}
		for _, text := range r.texts(operand, "where.value") {
			c.list[text] = true
		}
	case "matches":
		pattern, err := regexp.Compile(r.text(operand, "where.value"))
		if err != nil {
			r.fail(operand, "where.value is not a regular expression: %v", err)
			return
		}
		c.pattern = pattern
	default:
		c.value = r.text(operand, "where.value")
		if operand.Tag == "!!int" || operand.Tag == "!!float" {
			number, err := strconv.ParseFloat(c.value, 64)
			c.number, c.numeric = number, err == nil
		}
	}
}

// holds says whether the row passes. Comparing with a number of the mapping, a cell that is no number passes nothing but !=.
func (c condition) holds(row record) bool {
	switch {
	case c.all != nil:
		for _, inner := range c.all {
			if !inner.holds(row) {
				return false
			}
		}
		return true
	case c.any != nil:
		for _, inner := range c.any {
			if inner.holds(row) {
				return true
			}
		}
		return false
	case c.not != nil:
		return !c.not.holds(row)
	case c.op == "":
		return true
	}
	return c.compare(strings.TrimSpace(row.text(c.column)))
}

func (c condition) compare(cell string) bool {
	switch c.op {
	case "empty":
		return cell == ""
	case "in":
		return c.list[cell]
	case "matches":
		return c.pattern.MatchString(cell)
	}
	order := strings.Compare(cell, c.value)
	if c.numeric {
		text, ok := c.form.read(cell)
		if !ok {
			return c.op == "!="
		}
		number, err := strconv.ParseFloat(text.String(), 64)
		if err != nil {
			return c.op == "!=" // beyond what a float can say
		}
		order = 0
		if number < c.number {
			order = -1
		} else if number > c.number {
			order = 1
		}
	}
	switch c.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// unread is a cell that the condition compares with a number and that is none, in the form that the condition states; "" for none.
func (c condition) unread(row record) (column, cell string) {
	inner := slices.Concat(c.all, c.any)
	if c.not != nil {
		inner = append(inner, *c.not)
	}
	for _, one := range inner {
		if column, cell = one.unread(row); cell != "" {
			return column, cell
		}
	}
	if cell = strings.TrimSpace(row.text(c.column)); !c.numeric || cell == "" {
		return "", ""
	}
	if _, ok := c.form.read(cell); ok {
		return "", ""
	}
	return c.column, cell
}

// used says whether the mapping has the condition at all.
func (c condition) used() bool { return c.op != "" || c.all != nil || c.any != nil || c.not != nil }

// columns are those that the condition reads, added to a list.
func (c condition) columns(list []string) []string {
	for _, inner := range slices.Concat(c.all, c.any) {
		list = inner.columns(list)
	}
	if c.not != nil {
		list = c.not.columns(list)
	}
	if c.column != "" && c.column != columnRow {
		list = append(list, c.column)
	}
	return list
}
