package workspace

import (
	"cmp"
	"slices"
	"strings"

	"waymark/shared/domain/fault"
)

// OrdersFrom says whose word makes a workspace's orders.
type OrdersFrom string

// The ways: every source makes orders, so that a shop without a server can begin at once; or servers alone do, and what a site says of an order only
// tells by which session and channel it came.
const (
	FromAny     OrdersFrom = ""
	FromServers OrdersFrom = "server"
)

// String is how people set it: any or server.
func (o OrdersFrom) String() string { return cmp.Or(string(o), "any") }

// WithOrders is the workspace with orders from elsewhere: any or server. Fault: Invalid bad_orders.
func (w Workspace) WithOrders(text string) (Workspace, error) {
	switch strings.TrimSpace(text) {
	case "any":
		w.Orders = FromAny
	case string(FromServers):
		w.Orders = FromServers
	default:
		return w, fault.Newf(fault.Invalid, "bad_orders",
			"a workspace takes orders from any source or from the server sources alone, not from %q; say any or server", text).At("orders")
	}
	return w, nil
}

// Bounds of the traits whose latest value holds, which are read with each workspace.
const (
	maxLatest      = 50
	maxLatestBytes = 100 // of one name
)

// WithLatest is the workspace with other traits whose latest value holds: names with commas between, or none. Fault: Invalid bad_latest.
func (w Workspace) WithLatest(text string) (Workspace, error) {
	w.Latest = nil
	if strings.TrimSpace(text) == "none" {
		return w, nil
	}
	names := strings.Split(text, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if names[i] == "" || len(names[i]) > maxLatestBytes {
			return w, fault.Newf(fault.Invalid, "bad_latest", "%q is no name of a trait: name 1 to %d, each of 1 to %d bytes, "+
				"with commas between, such as cart_size,theme; or none", name, maxLatest, maxLatestBytes).At("latest")
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > maxLatest {
		return w, fault.Newf(fault.Invalid, "bad_latest", "%d traits are named; name %d at most, or none", len(names), maxLatest).At("latest")
	}
	w.Latest = names
	return w, nil
}

// IsLatest says whether the latest value of a trait holds, whoever sent it. Of every other trait a server's value outranks a site's.
func (w Workspace) IsLatest(trait string) bool {
	_, found := slices.BinarySearch(w.Latest, trait)
	return found
}
