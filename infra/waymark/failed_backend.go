package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/queue"
	"waymark/shared/failed"
	"waymark/shared/model"
)

// backend is where `waymark failed` goes: the API of a running system, or its table and queues themselves.
type backend struct {
	list    func(ctx context.Context, class, cursor string, limit int) (failed.List, error)
	show    func(ctx context.Context, id string) (failed.Document, error)
	edit    func(ctx context.Context, id string, text []byte) (failed.Document, error)
	discard func(ctx context.Context, id string) error
	replay  func(ctx context.Context, order failed.Order) (failed.Replayed, error)
	dead    func(ctx context.Context, limit int) (failed.Messages, error)
	redrive func(ctx context.Context) (failed.Redriven, error)
}

// backendFor is the API, or for an operator who names a workspace what lies behind it.
func backendFor(ctx context.Context, a *api, workspace string) (backend, error) {
	if workspace == "" {
		return overHTTP(a), nil
	}
	getenv, err := a.place.env(ctx)
	if err != nil {
		return backend{}, err
	}
	table := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME"))
	queues := queue.NewClient(getenv)
	return behind(failed.Service{
		Records: table, Changes: table, Queue: queue.New(queues, getenv("QUEUE_URL")), Dead: queue.New(queues, getenv("DEAD_LETTER_QUEUE_URL")),
		Decode: queue.Decode, Now: time.Now, Workspaces: table, Plans: model.Plans(),
	}, workspace), nil
}

func overHTTP(a *api) backend {
	const path = "/v1/failed"
	return backend{
		list: func(ctx context.Context, class, cursor string, limit int) (list failed.List, err error) {
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for name, value := range map[string]string{"class": class, "cursor": cursor} {
				if value != "" {
					query.Set(name, value)
				}
			}
			return list, a.do(ctx, "GET", path+"?"+query.Encode(), nil, &list)
		},
		show: func(ctx context.Context, id string) (shown failed.Document, err error) {
			return shown, a.do(ctx, "GET", path+"/"+url.PathEscape(id), nil, &shown)
		},
		edit: func(ctx context.Context, id string, text []byte) (edited failed.Document, err error) {
			return edited, a.do(ctx, "PUT", path+"/"+url.PathEscape(id), json.RawMessage(text), &edited)
		},
		discard: func(ctx context.Context, id string) error {
			return a.do(ctx, "DELETE", path+"/"+url.PathEscape(id), nil, nil)
		},
		replay: func(ctx context.Context, order failed.Order) (replayed failed.Replayed, err error) {
			return replayed, a.do(ctx, "POST", path+"/replay", order, &replayed)
		},
		dead: func(ctx context.Context, limit int) (letters failed.Messages, err error) {
			return letters, a.do(ctx, "GET", fmt.Sprintf("%s/dead?limit=%d", path, limit), nil, &letters)
		},
		redrive: func(ctx context.Context) (redriven failed.Redriven, err error) {
			return redriven, a.do(ctx, "POST", path+"/redrive", nil, &redriven)
		},
	}
}

func behind(service failed.Service, workspace string) backend {
	return backend{
		list: func(ctx context.Context, class, cursor string, limit int) (failed.List, error) {
			return service.List(ctx, workspace, class, cursor, limit)
		},
		show: func(ctx context.Context, id string) (failed.Document, error) { return service.Show(ctx, workspace, id) },
		edit: func(ctx context.Context, id string, text []byte) (failed.Document, error) {
			return service.Edit(ctx, workspace, id, text)
		},
		discard: func(ctx context.Context, id string) error { return service.Discard(ctx, workspace, id) },
		replay: func(ctx context.Context, order failed.Order) (failed.Replayed, error) {
			return service.Replay(ctx, workspace, order)
		},
		dead: func(ctx context.Context, limit int) (failed.Messages, error) {
			return service.DeadLetters(ctx, workspace, limit)
		},
		redrive: func(ctx context.Context) (failed.Redriven, error) {
			return service.Redrive(ctx, workspace, failed.MaxSight)
		},
	}
}
