package abuse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"waymark/shared/domain/workspace"
)

// signs are what the quality report shows of a workspace, each under a name.
type signs map[string]int

// known are signs by how much they say, the best first. Those that failed are told by their class.
var known = []string{"alert: burst of new persons", "contested orders", "contested identifiers", "message ids in conflict", "order copies", "repeats", "share of the site"}

// readSigns asks for the quality report of the week.
func readSigns(ctx context.Context, w World, k Keys) (signs, error) {
	said, err := w.Ask(ctx, k.Secret, http.MethodGet, "/v1/quality", nil)
	if err != nil {
		return nil, fmt.Errorf("GET /v1/quality: %w", err)
	}
	var report struct {
		Rows []struct {
			Source      string         `json:"source"`
			Received    int            `json:"received"`
			RejectedBy  map[string]int `json:"rejected_by"`
			Repeats     int            `json:"repeats"`
			Conflicts   int            `json:"conflicts"`
			OrderCopies int            `json:"order_copies"`
		} `json:"rows"`
		Orders struct {
			N int `json:"orders"`
		} `json:"contested_orders"`
		Identifiers struct {
			N int `json:"identifiers"`
		} `json:"contested_identifiers"`
		Alerts []struct{} `json:"alerts"`
	}
	if err := json.Unmarshal(said, &report); err != nil {
		return nil, fmt.Errorf("read answer of GET /v1/quality: %w", err)
	}
	s := signs{known[0]: len(report.Alerts), known[1]: report.Orders.N, known[2]: report.Identifiers.N}
	for _, row := range report.Rows {
		if row.Source != k.Source {
			continue
		}
		s[known[3]] += row.Conflicts
		s[known[4]] += row.OrderCopies
		s[known[5]] += row.Repeats
		s[known[6]] += row.Received
		for class, n := range row.RejectedBy {
			s[failed+class] += n
		}
	}
	return s, nil
}

const failed = "failed: "

// since names the sign that says most of those that there are more of than without an attack, with their number; "" when there is none.
func (s signs) since(clean signs) string {
	var names []string
	for name := range s {
		if strings.HasPrefix(name, failed) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Concat(known[:4], names, known[4:]) {
		if n := s[name] - clean[name]; n > 0 {
			return fmt.Sprintf("%s +%d", name, n)
		}
	}
	return ""
}

// Settle gives a workspace the settings of a mode: whose orders count, and whether users of a source are signed with a secret.
func (m Mode) Settle(w *workspace.Workspace, source string, secret string) error {
	switch m {
	case OrdersServer:
		changed, err := w.WithOrders(string(workspace.FromServers))
		*w = changed
		return err
	case SignedUsers:
		policy := w.PolicyOf(source)
		policy.Identity = workspace.SignedUsers
		w.SetPolicy(source, policy)
		w.AddSecret(source, secret, w.Created.Time(), 0)
	}
	return nil
}
