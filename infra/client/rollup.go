package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Rollup is how far a rollup has come. What was done is the sum over its requests.
type Rollup struct {
	ID        string `json:"id"`
	Workspace string `json:"workspace"`
	Persons   int    `json:"persons"` // looked at
	Windows   int    `json:"windows"` // counted anew
	Changed   int    `json:"changed"` // of those, the ones with other numbers
	IsDone    bool   `json:"done"`
	Waiting   int    `json:"waiting"` // batches of events and persons due that are not counted yet; the system counts to 1,000 of each
}

// RollUp asks for a rollup of a generation of the workspace, "" for the one in use, and waits until all is counted that was stored before. Each
// request works on it for up to 25 s, also when its answer comes too late to be heard. told hears how far it is after each; it may be nil.
func (c *Client) RollUp(ctx context.Context, generation string, told func(Rollup)) (Rollup, error) {
	var all Rollup
	for {
		method, path, body := http.MethodPost, "/v1/rollups", any(nil)
		if generation != "" {
			body = map[string]string{"generation": generation}
		}
		if all.ID != "" {
			method, path, body = http.MethodGet, "/v1/rollups/"+all.ID+"?wait=25s", nil
		}
		var said Rollup
		if err := c.insist(ctx, method, path, body, &said); err != nil {
			return all, fmt.Errorf("roll up: %w", err)
		}
		said.Persons, said.Windows, said.Changed = all.Persons+said.Persons, all.Windows+said.Windows, all.Changed+said.Changed
		all = said
		if told != nil {
			told(all)
		}
		switch {
		case all.IsDone:
			return all, nil
		case all.ID == "":
			return all, errors.New("roll up: the system gives no id to ask for: is it of an older release?")
		}
	}
}
