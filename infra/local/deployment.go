package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"

	"waymark/infra/local/edge"
	"waymark/infra/local/front"
	"waymark/infra/local/lambda"
	"waymark/infra/local/poller"
	"waymark/infra/local/schedule"
	"waymark/infra/local/template"
)

// deployment is one state of the template, running. A changed template makes a new one.
type deployment struct {
	template  *template.Template
	specs     []template.Function
	functions map[string]*lambda.Function // by logical id
	api       http.Handler                // the HTTP API, or the edge before it
	pollers   []*poller.Poller
	scheduler *schedule.Scheduler
	observer  Observer

	cancel  context.CancelFunc
	polling sync.WaitGroup
	group   sync.WaitGroup
}

var errNoFunction = errors.New("there is no such function in the template")

// invoke runs a function by logical id or name.
func (d *deployment) invoke(ctx context.Context, name string, event []byte) (lambda.Answer, error) {
	for _, spec := range d.specs {
		if spec.ID != name && spec.Name != name && spec.ARN != name {
			continue
		}
		answer, err := d.functions[spec.ID].Invoke(ctx, event)
		if err == nil {
			d.observer.Invoked(spec.ID, answer)
		}
		return answer, err
	}
	return lambda.Answer{}, fmt.Errorf("invoke %s: %w", name, errNoFunction)
}

// names are the logical ids of the functions, in the template's order.
func (d *deployment) names() []string {
	var names []string
	for _, spec := range d.specs {
		names = append(names, spec.ID)
	}
	return names
}

// deploy reads the template, builds the functions, makes the resources and prepares everything without starting it.
func (c *Cloud) deploy(ctx context.Context) (*deployment, error) {
	t, err := template.Load(c.config.Template, template.Options{
		Parameters: c.config.Parameters, Laptop: c.config.Laptop, Region: region, Account: account, QueueURL: c.queueURL, APIURL: c.URL(),
	})
	if err != nil {
		return nil, err
	}
	d := &deployment{template: t, functions: map[string]*lambda.Function{}, observer: c.config.Observer}
	if d.specs, err = t.Functions(); err != nil {
		return nil, err
	}
	if c.current.Load() == nil {
		if err := c.config.Faults.Check(d.names()); err != nil {
			return nil, err
		}
	}
	if _, err := c.builder.build(ctx, d.specs, c.config.Progress); err != nil {
		if !c.config.KeepGoing {
			return nil, err
		}
		fmt.Fprintln(c.config.Out, err)
	}
	c.config.Progress("creating tables, queues and buckets")
	if err := c.createResources(ctx, t); err != nil {
		return nil, err
	}
	return d, errors.Join(c.prepareFunctions(d), c.prepareFront(d), c.prepareScheduler(d), c.preparePollers(d))
}

func (c *Cloud) prepareFunctions(d *deployment) error {
	for _, spec := range d.specs {
		log, err := c.logs.writer(spec.ID)
		if err != nil {
			return err
		}
		d.functions[spec.ID] = lambda.New(lambda.Config{
			Name: spec.Name, ARN: spec.ARN, Binary: c.builder.binary(spec.ID), Handler: spec.Handler,
			Timeout: spec.Timeout, MemoryMB: spec.MemoryMB, Concurrency: spec.Reserved, JSONLogs: spec.JSONLogs, LogLevel: spec.LogLevel,
			Environment: c.config.Observer.Environment(spec.ID, c.functionEnvironment(spec, "127.0.0.1")),
			Log:         c.config.Observer.Output(spec.ID, log), Faults: c.faults.For(spec.ID, "invocation"),
		})
	}
	return nil
}

// functionEnvironment is the template's environment with the emulators' addresses in the place of AWS' own.
func (c *Cloud) functionEnvironment(spec template.Function, host string) map[string]string {
	environment := maps.Clone(spec.Environment)
	maps.Copy(environment, c.endpoints(host))
	return environment
}

func (c *Cloud) prepareFront(d *deployment) error {
	routes, err := d.template.Routes()
	if err != nil {
		return err
	}
	var served []front.Route
	for _, r := range routes {
		served = append(served, front.Route{Method: r.Method, Path: r.Path, Function: r.Function})
	}
	api := front.New(front.Config{
		Routes: served, Timeout: c.config.IntegrationTimeout, Now: c.config.Now, Log: c.config.Out,
		Invoke: func(ctx context.Context, function string, event []byte) ([]byte, bool, error) {
			answer, err := d.invoke(ctx, function, event)
			if errors.Is(err, lambda.ErrThrottled) {
				err = errors.Join(front.ErrUnavailable, err)
			}
			return answer.Payload, answer.Failed, err
		},
	})
	d.api = api
	code, err := d.template.EdgeCode()
	if err != nil || code == "" || !c.config.Edge {
		return err
	}
	played, err := edge.New(code)
	if err != nil {
		return err
	}
	d.api = played.Handler(api)
	return nil
}

func (c *Cloud) prepareScheduler(d *deployment) error {
	written, err := d.template.Schedules()
	if err != nil {
		return err
	}
	var schedules []schedule.Schedule
	for _, s := range written {
		expression, err := schedule.Parse(s.Expression, s.TimeZone)
		if err != nil {
			return fmt.Errorf("read schedule %s of %s: %w", s.ID, s.Function, err)
		}
		schedules = append(schedules, schedule.Schedule{ID: s.ID, Name: s.Name, Function: s.Function, Expression: expression, Text: s.Expression, Input: s.Input})
	}
	d.scheduler = schedule.New(schedules, d.invokeByEvent, c.config.Now, c.config.Out)
	return nil
}

// invokeByEvent invokes for a schedule: a failure of the function is an error too.
func (d *deployment) invokeByEvent(ctx context.Context, function string, event []byte) error {
	answer, err := d.invoke(ctx, function, event)
	if err == nil && answer.Failed {
		err = fmt.Errorf("%s failed: %s", function, answer.Payload)
	}
	return err
}

func (c *Cloud) preparePollers(d *deployment) error {
	sources, err := d.template.QueueSources()
	if err != nil {
		return err
	}
	queues, err := d.template.Queues()
	if err != nil {
		return err
	}
	for _, source := range sources {
		concurrency := c.config.Pollers
		if source.MaxConcurrency > 0 {
			concurrency = min(concurrency, source.MaxConcurrency)
		}
		found := false
		for _, queue := range queues {
			if queue.ARN != source.QueueARN {
				continue
			}
			found = true
			if visible, err := strconv.Atoi(queue.Attributes["VisibilityTimeout"]); err == nil && source.Window.Seconds() >= float64(visible) {
				return fmt.Errorf("event %s of %s gathers a batch for %s, and after %d s its messages would come again: make VisibilityTimeout longer or the window shorter", source.ID, source.Function, source.Window, visible)
			}
			d.pollers = append(d.pollers, poller.New(poller.Config{
				Queue: c.sqs(), QueueURL: c.queueURL(queue.Name), QueueARN: queue.ARN, Region: region,
				BatchSize: source.BatchSize, Window: source.Window, Concurrency: concurrency, PartialBatches: source.PartialBatches,
				Log: c.config.Out, Faults: c.faults.For(source.Function, "batch"),
				Invoke: func(ctx context.Context, event []byte) ([]byte, bool, error) {
					answer, err := d.invoke(ctx, source.Function, event)
					return answer.Payload, answer.Failed, err
				},
			}))
		}
		if !found {
			return fmt.Errorf("the queue of event %s of %s is not in the template: %s", source.ID, source.Function, source.QueueARN)
		}
	}
	return nil
}

// activate puts a deployment in the place of the present one.
func (c *Cloud) activate(d *deployment) {
	ctx, cancel := context.WithCancel(c.ctx)
	d.cancel = cancel
	for _, f := range d.functions {
		d.group.Go(func() {
			if err := f.Warm(); err != nil && ctx.Err() == nil {
				fmt.Fprintf(c.config.Out, "%v (see %s)\n", err, filepath.Join(c.config.Data, "logs"))
			}
		})
	}
	d.group.Wait()
	former := c.current.Load()
	if former != nil {
		d.scheduler.Resume(former.scheduler.Offset())
	}
	c.current.Store(d)
	if !c.config.Driven {
		for _, p := range d.pollers {
			d.polling.Go(func() { p.Run(ctx) })
		}
		d.group.Go(func() { d.scheduler.Run(ctx) })
	}
	if former != nil {
		c.group.Go(func() { former.drain(c.ctx) })
	}
}

// drain lets what is at work end, unless the context ends before, and closes.
func (d *deployment) drain(ctx context.Context) {
	for _, p := range d.pollers {
		p.Stop()
	}
	d.polling.Wait()
	for _, f := range d.functions {
		f.Drain(ctx)
	}
	d.close()
}

// close ends everything at once.
func (d *deployment) close() {
	d.cancel()
	for _, f := range d.functions {
		f.Close()
	}
	d.polling.Wait()
	d.group.Wait()
}
