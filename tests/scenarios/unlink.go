package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// Unlinking is what an operator decides about a link, or takes back.
type Unlinking struct {
	ID   event.Identifier
	From event.Identifier
	Undo bool
}

// unlink reads: unlink ID from ID [undo].
func (p *parser) unlink(list []string) error {
	undo := len(list) == 4 && list[3] == "undo"
	if len(list) != 3 && !undo || list[1] != "from" {
		return fmt.Errorf("write: unlink anon:a1 from user:42, and undo behind it to take that back")
	}
	u := Unlinking{Undo: undo}
	for text, to := range map[string]*event.Identifier{list[0]: &u.ID, list[2]: &u.From} {
		id, err := event.ParseIdentifier(text)
		if err != nil {
			return fmt.Errorf("read %q: %w", text, err)
		}
		*to = id
	}
	p.flush(manner{})
	p.scenario.Steps = append(p.scenario.Steps, Step{Line: p.line, Unlink: &u})
	return nil
}

// Unlink leaves the link out from now on, whatever evidence for it there is or comes.
func (f *Fold) Unlink(_ context.Context, u Unlinking) error {
	f.decisions++
	for _, ends := range [][2]event.Identifier{{u.ID, u.From}, {u.From, u.ID}} { // whichever is the child
		cut := identity.Cut{Child: ends[0], Parent: ends[1], At: event.Millis(f.decisions), Undone: u.Undo}
		for _, id := range ends {
			n := f.known(id)
			n.Cuts = append(slices.DeleteFunc(n.Cuts, func(c identity.Cut) bool { return c.Child == cut.Child && c.Parent == cut.Parent }), cut)
			f.nodes[id] = n
		}
	}
	return nil
}

// Unlink asks for it when the queue is empty, so that the link is there.
func (h *HTTP) Unlink(ctx context.Context, u Unlinking) error {
	if err := h.settle(ctx); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"id": u.ID, "from": u.From, "undo": u.Undo})
	if err != nil {
		return fmt.Errorf("write order to unlink: %w", err)
	}
	h.dirty = true
	return h.call(ctx, http.MethodPost, "/v1/identities/unlink", body, nil)
}
