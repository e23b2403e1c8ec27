package front

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Route is one route of the API: a method (or ANY), a path with {parameter} or {greedy+} segments (or $default), and the
// function behind it.
type Route struct {
	Method   string
	Path     string
	Function string
}

// key is the route key that API Gateway writes into the event.
func (r Route) key() string {
	if r.Path == "$default" {
		return "$default"
	}
	return r.Method + " " + r.Path
}

// table finds the route of a request.
type table struct {
	routes []Route // most specific first
}

func newTable(routes []Route) table {
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b Route) int {
		return cmp.Or(compareRanks(rank(a.Path), rank(b.Path)), compareMethods(a.Method, b.Method))
	})
	return table{routes: sorted}
}

// rank has a number per segment: 0 for a word, 1 for a parameter, 2 for a greedy one; $default is behind all.
func rank(path string) []int {
	if path == "$default" {
		return []int{3}
	}
	var ranks []int
	for _, segment := range segments(path) {
		switch {
		case strings.HasSuffix(segment, "+}"):
			ranks = append(ranks, 2)
		case strings.HasPrefix(segment, "{"):
			ranks = append(ranks, 1)
		default:
			ranks = append(ranks, 0)
		}
	}
	return ranks
}

func compareRanks(a, b []int) int { return slices.Compare(a, b) }

// compareMethods puts a named method before ANY.
func compareMethods(a, b string) int {
	number := func(method string) int {
		if method == "ANY" {
			return 1
		}
		return 0
	}
	return cmp.Compare(number(a), number(b))
}

// find returns the route of a request and its path parameters. The path is still escaped, so that an escaped slash stays
// inside its segment; parameters come out decoded.
func (t table) find(method, escapedPath string) (Route, map[string]string, bool) {
	for _, route := range t.routes {
		if route.Method != "ANY" && route.Method != method {
			continue
		}
		if route.Path == "$default" {
			return route, nil, true
		}
		if parameters, matches := match(segments(route.Path), segments(escapedPath)); matches {
			return route, parameters, true
		}
	}
	return Route{}, nil, false
}

func match(pattern, path []string) (map[string]string, bool) {
	var parameters map[string]string
	set := func(name, value string) {
		if parameters == nil {
			parameters = map[string]string{}
		}
		parameters[name] = unescape(value)
	}
	for i, segment := range pattern {
		name, isParameter := strings.CutPrefix(segment, "{")
		name = strings.TrimSuffix(name, "}")
		if greedy, is := strings.CutSuffix(name, "+"); isParameter && is {
			if i >= len(path) {
				return nil, false
			}
			set(greedy, strings.Join(path[i:], "/"))
			return parameters, true
		}
		if i >= len(path) {
			return nil, false
		}
		switch {
		case isParameter && path[i] != "":
			set(name, path[i])
		case unescape(path[i]) != segment:
			return nil, false
		}
	}
	return parameters, len(pattern) == len(path)
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func unescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
