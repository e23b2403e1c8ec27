package collect

import (
	"slices"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

const (
	codeName   = "name_not_allowed"
	notAllowed = "a browser may not send this event with this write key; send it from a server, or add its name to the source's names"
)

// isBrowsers says whether a page sent the request: browsers name the page's origin with whatever a script sends, and
// some routes are used by pages alone.
func isBrowsers(r httpapi.Request, to route) bool { return to.visitor || r.Headers["origin"] != "" }

// onlyNamed takes events out of the envelope that a browser may not send with this key, and says so in the tally. They
// are refused: the client is told, they are counted, and nothing of them is kept.
func onlyNamed(key workspace.Key, e *event.Envelope, t *tally) (refused int) {
	if len(key.Names) == 0 {
		return 0
	}
	e.Parsed = slices.DeleteFunc(e.Parsed, func(one event.Event) bool {
		if key.Lets(one.Type, one.Name) {
			return false
		}
		t.details = append(t.details, httpapi.DetailOf(one.Index, fault.New(fault.Forbidden, codeName, notAllowed)))
		refused++
		return true
	})
	if refused > 0 {
		slices.SortStableFunc(t.details, func(a, b httpapi.Detail) int { return a.Index - b.Index })
	}
	return refused
}
