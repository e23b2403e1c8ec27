package template

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Function is a Lambda function as it runs here.
type Function struct {
	ID          string // logical id
	Name        string
	ARN         string
	CodeURI     string
	Handler     string
	Timeout     time.Duration
	MemoryMB    int
	Reserved    int // reserved concurrency; 0 is none
	Environment map[string]string
	JSONLogs    bool
	LogLevel    string // of the application's JSON logs
	SystemLevel string // of the platform's own lines, such as START and REPORT, in JSON logs; INFO if none is given
}

// Route is one route of the HTTP API. Method ANY and Path $default are the API's own words.
type Route struct {
	Function string // logical id
	Method   string
	Path     string
}

// QueueSource is an SQS event source of a function.
type QueueSource struct {
	ID             string
	Function       string
	QueueARN       string
	BatchSize      int
	Window         time.Duration
	MaxConcurrency int // 0 is none given
	PartialBatches bool
}

// Schedule is an EventBridge Scheduler schedule of a function.
type Schedule struct {
	ID         string // logical id of the event
	Name       string // function and event, as SAM names the resource, or the given name
	Function   string
	Expression string
	TimeZone   string
	Input      string
}

// Functions lists the functions in the template's order.
func (t *Template) Functions() ([]Function, error) {
	resources, err := t.existing("AWS::Serverless::Function")
	if err != nil {
		return nil, err
	}
	var functions []Function
	for _, r := range resources {
		f, err := t.function(r)
		if err != nil {
			return nil, fmt.Errorf("read function %s: %w", r.id, err)
		}
		functions = append(functions, f)
	}
	return functions, nil
}

func (t *Template) function(r resource) (Function, error) {
	name, err := t.name(r)
	if err != nil {
		return Function{}, err
	}
	p := t.properties(r)
	logging := p.section("LoggingConfig")
	f := Function{
		ID: r.id, Name: name, ARN: t.arn("lambda", "function:"+name),
		CodeURI:  p.text("CodeUri", "."),
		Handler:  p.text("Handler", "bootstrap"),
		Timeout:  time.Duration(p.number("Timeout", 3)) * time.Second,
		MemoryMB: p.number("MemorySize", 128),
		Reserved: p.number("ReservedConcurrentExecutions", 0),
		JSONLogs: logging.text("LogFormat", "Text") == "JSON", LogLevel: logging.text("ApplicationLogLevel", "INFO"),
		SystemLevel: logging.text("SystemLogLevel", "INFO"),
	}
	f.Environment = p.section("Environment").section("Variables").texts()
	return f, p.err()
}

// Routes lists the HTTP API's routes in the template's order.
func (t *Template) Routes() ([]Route, error) {
	var routes []Route
	err := t.eachEvent("HttpApi", func(function resource, id string, p properties) {
		path := p.text("Path", "$default")
		method := p.text("Method", "ANY")
		if method == "*" || path == "$default" {
			method = "ANY"
		}
		routes = append(routes, Route{Function: function.id, Method: strings.ToUpper(method), Path: path})
	})
	return routes, err
}

// AccessLogs lists the formats of the lines that the HTTP APIs write for each request; empty for an API that writes none.
func (t *Template) AccessLogs() ([]string, error) {
	apis, err := t.existing("AWS::Serverless::HttpApi")
	if err != nil {
		return nil, err
	}
	var formats []string
	for _, api := range apis {
		p := t.properties(api)
		formats = append(formats, p.section("AccessLogSettings").text("Format", ""))
		if err := p.err(); err != nil {
			return nil, fmt.Errorf("read API %s: %w", api.id, err)
		}
	}
	return formats, nil
}

// QueueSources lists the functions' queues.
func (t *Template) QueueSources() ([]QueueSource, error) {
	var sources []QueueSource
	err := t.eachEvent("SQS", func(function resource, id string, p properties) {
		if p.text("Enabled", "true") == "false" {
			return
		}
		source := QueueSource{
			ID: id, Function: function.id, QueueARN: p.text("Queue", ""),
			BatchSize:      p.number("BatchSize", 10),
			Window:         time.Duration(p.number("MaximumBatchingWindowInSeconds", 0)) * time.Second,
			MaxConcurrency: p.section("ScalingConfig").number("MaximumConcurrency", 0),
		}
		p.fail(source.check())
		for _, kind := range p.list("FunctionResponseTypes") {
			source.PartialBatches = source.PartialBatches || kind == "ReportBatchItemFailures"
		}
		sources = append(sources, source)
	})
	return sources, err
}

// check refuses what Lambda refuses of an event source that is no FIFO queue.
func (s QueueSource) check() error {
	switch {
	case s.BatchSize < 1 || s.BatchSize > 10_000:
		return fmt.Errorf("BatchSize is %d: it must be 1 to 10000", s.BatchSize)
	case s.Window < 0 || s.Window > 5*time.Minute:
		return fmt.Errorf("MaximumBatchingWindowInSeconds is %g: it must be 0 to 300", s.Window.Seconds())
	case s.BatchSize > 10 && s.Window < time.Second:
		return fmt.Errorf("BatchSize is %d: above 10, MaximumBatchingWindowInSeconds must be 1 at least", s.BatchSize)
	}
	return nil
}

// Schedules lists the functions' schedules.
func (t *Template) Schedules() ([]Schedule, error) {
	var schedules []Schedule
	err := t.eachEvent("ScheduleV2", func(function resource, id string, p properties) {
		if p.text("State", "ENABLED") != "ENABLED" {
			return
		}
		schedules = append(schedules, Schedule{
			ID: id, Function: function.id, Name: p.text("Name", function.id+id),
			Expression: p.text("ScheduleExpression", ""),
			TimeZone:   p.text("ScheduleExpressionTimezone", "UTC"),
			Input:      p.text("Input", "{}"),
		})
	})
	return schedules, err
}

func (t *Template) eachEvent(kind string, visit func(function resource, id string, p properties)) error {
	functions, err := t.existing("AWS::Serverless::Function")
	if err != nil {
		return err
	}
	for _, function := range functions {
		for id, event := range pairs(child(function.properties, "Events")) {
			if k := child(event, "Type"); k == nil || k.Value != kind {
				continue
			}
			p := properties{template: t, node: child(event, "Properties"), errs: new([]error)}
			visit(function, id, p)
			if err := p.err(); err != nil {
				return fmt.Errorf("read event %s of %s: %w", id, function.id, err)
			}
		}
	}
	return nil
}

// globalSections say which part of Globals applies to a resource type.
var globalSections = map[string]string{
	"AWS::Serverless::Function":    "Function",
	"AWS::Serverless::HttpApi":     "HttpApi",
	"AWS::Serverless::SimpleTable": "SimpleTable",
}

func (t *Template) properties(r resource) properties {
	var globals *yaml.Node
	if section, is := globalSections[r.kind]; is {
		globals = child(t.globals, section)
	}
	return properties{template: t, node: merge(globals, r.properties), errs: new([]error)}
}

// EdgeCode is the code of the template's CloudFront Function, also where the condition says that none is deployed: a laptop plays the edge all the same.
// "" when there is none.
func (t *Template) EdgeCode() (string, error) {
	for _, r := range t.resources {
		if r.kind == "AWS::CloudFront::Function" {
			code, err := t.text(child(r.properties, "FunctionCode"))
			if err != nil {
				return "", fmt.Errorf("read the code of %s: %w", r.id, err)
			}
			return code, nil
		}
	}
	return "", nil
}
