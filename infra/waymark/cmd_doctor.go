package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"waymark/shared/domain/quality"
)

const doctorUsage = `waymark doctor [--json]

Looks at a workspace and what it received in the last 7 days, and says what is
wrong and what is better settled, each with the command for it.

exit code: 0 nothing is wrong · 1 something is, or it failed · 2 wrong usage
`

// finding is something that doctor has to say.
type finding struct {
	Wrong   bool   `json:"wrong"` // else it is advice
	About   string `json:"about"`
	Command string `json:"command"`
}

// workspaceState is what GET /v1/status says, as far as doctor reads it.
type workspaceState struct {
	Queues struct {
		Touchpoints struct {
			Dead int `json:"dead"`
		} `json:"touchpoints"`
	} `json:"queues"`
	Failed    map[string]int `json:"failed"`
	Alerts    []burstAlert   `json:"alerts"`
	Workspace struct {
		Name    string `json:"name"`
		Orders  string `json:"orders"`
		Sources []struct {
			Source   string  `json:"source"`
			Kind     string  `json:"kind"`
			WriteKey *string `json:"write_key"`
			KeyHash  *string `json:"key_hash"`
			Identity string  `json:"identity"`
		} `json:"sources"`
	} `json:"workspace"`
}

// cmdDoctor says what is wrong with a workspace, and what is better settled.
func cmdDoctor(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark doctor", flag.ContinueOnError)
	withUsage(set, doctorUsage)
	system := apiFlags(set)
	asJSON := set.Bool("json", false, "print JSON")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 {
		set.Usage()
		return 2
	}
	var state workspaceState
	var received qualityReport
	err := system.do(ctx, http.MethodGet, "/v1/status", nil, &state)
	if err == nil {
		err = system.do(ctx, http.MethodGet, "/v1/quality", nil, &received)
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark doctor: %v\n", err)
		return 1
	}
	found := state.examine(received.Rows)
	if *asJSON {
		err = json.NewEncoder(io.Out).Encode(map[string]any{"workspace": state.Workspace.Name, "findings": found})
	} else {
		_, err = fmt.Fprint(io.Out, diagnosis(state.Workspace.Name, found))
	}
	if err != nil || slices.ContainsFunc(found, func(f finding) bool { return f.Wrong }) {
		return 1
	}
	return 0
}

// examine finds what is wrong, and then what is better settled, by what the workspace is now and by what its sources sent.
func (s workspaceState) examine(rows []quality.Row) []finding {
	found := []finding{}
	name, accepted, leaked := s.Workspace.Name, map[string]int{}, map[string]int{}
	for _, row := range rows {
		accepted[row.Source] += row.Accepted
		leaked[row.Source] += row.RefusedBy["server_key_leaked"]
	}
	for _, a := range s.Alerts {
		found = append(found, finding{true, fmt.Sprintf(
			"The source %s has %s new persons, at this hour usually %s. Look at it with preview in the place of apply.", a.Source, grouped(a.Persons), grouped(a.Usual),
		), a.Command})
	}
	if n := s.Queues.Touchpoints.Dead; n > 0 {
		found = append(found, finding{true, fmt.Sprintf("%d messages could not be processed and lie in the dead-letter queue.", n), "waymark failed dead"})
	}
	for _, class := range slices.Sorted(maps.Keys(s.Failed)) {
		found = append(found, finding{true, fmt.Sprintf("%d events failed with the class %s.", s.Failed[class], class), "waymark failed list --class " + class})
	}
	hasServer := false
	for _, k := range s.Workspace.Sources {
		if k.Kind != "server" || k.KeyHash == nil {
			continue
		}
		hasServer = hasServer || accepted[k.Source] > 0
		if n := leaked[k.Source]; n > 0 {
			found = append(found, finding{
				true, fmt.Sprintf("%d events came with a key of the server %s from a page or in an address: others can read it.", n, k.Source),
				fmt.Sprintf("waymark keys rotate %s %s --overlap 1h", name, *k.KeyHash),
			})
		}
	}
	if !hasServer {
		return found
	}
	if s.Workspace.Orders == "any" {
		found = append(found, finding{
			false, "A server sends. Once it sends the orders, let it alone make them: whoever reads a site's key can send some too.",
			fmt.Sprintf("waymark workspace set %s --orders server", name),
		})
	}
	for _, k := range s.Workspace.Sources {
		if k.Kind == "site" && k.Identity == "open" && k.WriteKey != nil {
			found = append(found, finding{
				false, fmt.Sprintf("Events of the site %s may name any user. Once your server signs its users, let the site prove whom it names.", k.Source),
				fmt.Sprintf("waymark keys set %s %s --identity signed", name, *k.WriteKey),
			})
		}
	}
	return found
}

// diagnosis is what doctor prints.
func diagnosis(name string, found []finding) string {
	var out strings.Builder
	for _, f := range found {
		fmt.Fprintf(&out, "%s  %s\n\n", wrapped(map[bool]string{true: "WRONG: ", false: "advice: "}[f.Wrong]+f.About, ""), f.Command)
	}
	if len(found) == 0 {
		fmt.Fprintf(&out, "workspace %s: nothing is wrong, and nothing is better settled otherwise\n", name)
	}
	return out.String()
}
