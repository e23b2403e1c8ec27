package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// Get asks the read API with the secret key of the road's workspace.
type Get func(ctx context.Context, path string) (status int, body []byte, err error)

// failed is one failed event as GET /v1/failed shows it.
type failed struct {
	Class    string `json:"class"`
	Reason   string `json:"reason"`
	Request  string `json:"request"`
	Index    int    `json:"index"`
	Original string `json:"original"`
	ID       string `json:"id"`
	Bytes    int    `json:"bytes"`
}

// person is what the read API knows of an identifier.
type person struct {
	known       bool
	touchpoints map[string]*touchpoint // by messageId
	traits      map[string]json.RawMessage
	identifiers map[string]bool
}

type touchpoint struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// askers is how many questions are asked at a time.
const askers = 8

// into asks and reads the answer; found is false for 404.
func (get Get) into(ctx context.Context, path string, v any) (found bool, err error) {
	status, body, err := get(ctx, path)
	if err != nil {
		return false, fmt.Errorf("GET %s: %w", path, err)
	}
	if status == http.StatusNotFound || status == http.StatusBadRequest { // 400: what cannot be an identifier
		return false, nil
	}
	if status != http.StatusOK {
		return false, fmt.Errorf("GET %s: answer %d %.300s", path, status, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return false, fmt.Errorf("GET %s: read %.300s: %w", path, body, err)
	}
	return true, nil
}

func readFailed(ctx context.Context, get Get) (map[place]failed, error) {
	all := map[place]failed{}
	for cursor := ""; ; {
		var page struct {
			Failed []failed
			Next   *string
		}
		if _, err := get.into(ctx, "/v1/failed?limit=100&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return nil, err
		}
		for _, f := range page.Failed {
			if f.Bytes > len(f.Original) { // a list shows the beginning
				if _, err := get.into(ctx, "/v1/failed/"+f.ID, &f); err != nil {
					return nil, err
				}
			}
			all[place{f.Request, f.Index}] = f
		}
		if page.Next == nil {
			return all, nil
		}
		cursor = *page.Next
	}
}

// identifiers names everybody that the table speaks of.
func identifiers(cases []Case) map[string]bool {
	all := map[string]bool{}
	for _, c := range cases {
		for _, e := range c.Events {
			for _, who := range []string{e.Who, e.Absent} {
				if who != "" {
					all[who] = true
				}
			}
		}
	}
	return all
}

func readPeople(ctx context.Context, get Get, who map[string]bool) (map[string]person, error) {
	var mu sync.Mutex
	var firstErr error
	people := map[string]person{}
	wanted := make(chan string)
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for id := range wanted {
				p, err := readPerson(ctx, get, id)
				mu.Lock()
				people[id] = p
				if firstErr == nil {
					firstErr = err
				}
				mu.Unlock()
			}
		})
	}
	for id := range who {
		wanted <- id
	}
	close(wanted)
	all.Wait()
	return people, firstErr
}

func readPerson(ctx context.Context, get Get, id string) (person, error) {
	p := person{touchpoints: map[string]*touchpoint{}, traits: map[string]json.RawMessage{}, identifiers: map[string]bool{}}
	var profile struct {
		Identifiers []struct {
			ID string `json:"id"`
		}
		Traits map[string]struct{ Value json.RawMessage }
	}
	path := "/v1/profiles/" + url.PathEscape(id)
	var err error
	if p.known, err = get.into(ctx, path, &profile); err != nil || !p.known {
		return p, err
	}
	for _, member := range profile.Identifiers {
		p.identifiers[member.ID] = true
	}
	for name, trait := range profile.Traits {
		p.traits[name] = trait.Value
	}
	for cursor := ""; ; {
		var page struct {
			Items []*touchpoint
			Next  *string
		}
		if _, err := get.into(ctx, path+"/timeline?bots=1&limit=500&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return p, err
		}
		for _, t := range page.Items {
			p.touchpoints[t.ID] = t
		}
		if page.Next == nil {
			return p, nil
		}
		cursor = *page.Next
	}
}
