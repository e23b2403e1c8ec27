package template_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"

	"waymark/infra/local/template"
)

// frame surrounds variables of a function with parameters, conditions and resources to refer to.
const frame = `
Parameters:
  Name: {Type: String, Default: shop}
  Count: {Type: Number, Default: 3}
  Zones: {Type: CommaDelimitedList, Default: "a, b,c"}
Conditions:
  IsShop: !Equals [!Ref Name, shop]
  IsThree: !Equals [!Ref Count, "3"]
  Both: !And [!Condition IsShop, !Condition IsThree]
  Neither: !Not [!Or [!Condition IsShop, {Condition: IsThree}]]
Globals:
  Function:
    Timeout: 10
    Environment: {Variables: {SHARED: global, WHO: global}}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Name}-queue"}}
  Bucket: {Type: AWS::S3::Bucket}
  Table: {Type: AWS::DynamoDB::Table}
  Logs: {Type: AWS::Logs::LogGroup}
  Topic: {Type: AWS::SNS::Topic}
  Api: {Type: AWS::Serverless::HttpApi}
  Other: {Type: AWS::Serverless::Function, Condition: Neither, Properties: {Timeout: !ImportValue nothing}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies: [!Transform nothing]
      Environment:
        Variables:
          WHO: local
`

func TestIntrinsics(t *testing.T) {
	t.Parallel()
	const variables = `
          TEXT: plain
          NUMBER: 7
          BOOL: true
          REF: !Ref Name
          REF_LONG: {Ref: Name}
          REF_NUMBER: !Ref Count
          REGION: !Ref AWS::Region
          STACK: !Ref AWS::StackName
          QUEUE: !Ref Queue
          NAMED_QUEUE: !Ref Named
          TABLE: !Ref Table
          BUCKET: !Ref Bucket
          FUNCTION: !Ref F
          QUEUE_ARN: !GetAtt Queue.Arn
          QUEUE_NAME: !GetAtt [Named, QueueName]
          TABLE_ARN: {"Fn::GetAtt": [Table, Arn]}
          BUCKET_ARN: !GetAtt Bucket.Arn
          FUNCTION_ARN: !GetAtt F.Arn
          LOGS_ARN: !GetAtt Logs.Arn
          API: !GetAtt Api.ApiEndpoint
          SUB: !Sub "${Name}/${Queue.Arn}/${AWS::AccountId}/${!Literal}"
          SUB_LIST: !Sub ["${Name}-${Extra}", {Extra: !Ref Count}]
          JOIN: !Join ["-", [a, !Ref Name, !Ref "AWS::NoValue", 3]]
          SELECT: !Select [1, !Ref Zones]
          SPLIT: !Join ["+", !Split [",", "x,y,z"]]
          BASE64: !Base64 hi
          IF: !If [IsShop, yes-shop, !Ref DoesNotExist]
          IF_BOTH: {"Fn::If": [Both, both, not]}
          IF_NEITHER: !If [Neither, neither, some]
          ABSENT: !Ref AWS::NoValue
          ABSENT_IF: !If [IsShop, !Ref "AWS::NoValue", x]
`
	parsed, err := template.Parse("t.yaml", []byte(frame+variables), template.Options{
		Account: "111122223333", QueueURL: func(name string) string { return "http://queues/" + name }, APIURL: "http://api",
	})
	if err != nil {
		t.Fatal(err)
	}
	functions, err := parsed.Functions()
	if err != nil {
		t.Fatal(err)
	}
	if len(functions) != 1 || functions[0].Timeout.Seconds() != 10 {
		t.Fatalf("functions = %+v, want F alone, with the timeout of Globals", functions)
	}
	want := map[string]string{
		"SHARED": "global", "WHO": "local", "TEXT": "plain", "NUMBER": "7", "BOOL": "true",
		"REF": "shop", "REF_LONG": "shop", "REF_NUMBER": "3", "REGION": "us-east-1", "STACK": "waymark",
		"QUEUE": "http://queues/waymark-Queue", "NAMED_QUEUE": "http://queues/shop-queue", "TABLE": "waymark-Table",
		"BUCKET": "waymark-bucket", "FUNCTION": "waymark-F",
		"QUEUE_ARN": "arn:aws:sqs:us-east-1:111122223333:waymark-Queue", "QUEUE_NAME": "shop-queue",
		"TABLE_ARN": "arn:aws:dynamodb:us-east-1:111122223333:table/waymark-Table", "BUCKET_ARN": "arn:aws:s3:::waymark-bucket",
		"FUNCTION_ARN": "arn:aws:lambda:us-east-1:111122223333:function:waymark-F",
		"LOGS_ARN":     "arn:aws:logs:us-east-1:111122223333:log-group:waymark-Logs:*", "API": "http://api",
		"SUB": "shop/arn:aws:sqs:us-east-1:111122223333:waymark-Queue/111122223333/${Literal}", "SUB_LIST": "shop-3",
		"JOIN": "a-shop-3", "SELECT": "b", "SPLIT": "x+y+z", "BASE64": "aGk=",
		"IF": "yes-shop", "IF_BOTH": "both", "IF_NEITHER": "some",
	}
	for name, value := range want {
		if got, is := functions[0].Environment[name]; !is || got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if !maps.Equal(functions[0].Environment, want) {
		t.Errorf("environment = %v, want %v", functions[0].Environment, want)
	}
}

func TestFaultsNameTheLine(t *testing.T) {
	t.Parallel()
	line := strings.Count(frame, "\n") + 1 // of the one variable
	for _, c := range []struct{ variable, want string }{
		{"!ImportValue other", "the intrinsic function ImportValue is not supported here"},
		{`{"Fn::FindInMap": [a, b, c]}`, "the intrinsic function FindInMap is not supported here"},
		{"!Ref Nobody", "there is no parameter or resource Nobody"},
		{"!GetAtt Nobody.Arn", "there is no resource Nobody"},
		{"!GetAtt Topic.Colour", "the attribute Colour of Topic (AWS::SNS::Topic) is not known here"},
		{"!GetAtt Topic", "GetAtt needs Resource.Attribute"},
		{`!Sub "${Name"`, "Sub: ${ without }"},
		{`!Sub "${Nobody}"`, "there is no parameter or resource Nobody"},
		{"!If [IsNothing, a, b]", "there is no condition IsNothing"},
		{"!If [IsShop, a]", "If needs a condition and two values"},
		{`!Select [7, !Ref Zones]`, "Select: there is no entry 7"},
		{`!Join [",", text]`, "the second part of Join is not a list"},
	} {
		parsed, err := template.Parse("t.yaml", []byte(frame+"          X: "+c.variable+"\n"), template.Options{})
		if err != nil {
			t.Errorf("%s: Parse: %v", c.variable, err)
			continue
		}
		_, err = parsed.Functions()
		want := "t.yaml:" + itoa(line) + ": " + c.want
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("X: %s: error = %v, want %q", c.variable, err, want)
		}
	}
}

func itoa(n int) string {
	encoded, _ := json.Marshal(n)
	return string(encoded)
}

func TestParameters(t *testing.T) {
	t.Parallel()
	const source = `
Parameters:
  Colour: {Type: String, Default: red, AllowedValues: [red, blue]}
  Size: {Type: Number, Default: 1}
  Key: {Type: String}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {C: !Ref Colour, S: !Ref Size}}}}
`
	for _, c := range []struct {
		name       string
		parameters map[string]string
		want       string // environment or error
	}{
		{"defaults and a value", map[string]string{"Key": "k"}, "red 1"},
		{"overrides", map[string]string{"Key": "k", "Colour": "blue", "Size": "2"}, "blue 2"},
		{"without a default", nil, "parameter Key has no default: give it a value with --parameter Key=VALUE"},
		{"not allowed", map[string]string{"Key": "k", "Colour": "green"}, `t.yaml:3: parameter Colour cannot be "green": it is one of red, blue`},
		{"no number", map[string]string{"Key": "k", "Size": "big"}, `parameter Size is not a number: "big"`},
		{"unknown", map[string]string{"Key": "k", "Colr": "red"}, "t.yaml has no parameter Colr"},
	} {
		parsed, err := template.Parse("t.yaml", []byte(source), template.Options{Parameters: c.parameters})
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error = %v, want %q", c.name, err, c.want)
			}
			continue
		}
		functions, err := parsed.Functions()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := functions[0].Environment["C"] + " " + functions[0].Environment["S"]; got != c.want {
			t.Errorf("%s: environment = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLaptopParameters(t *testing.T) {
	t.Parallel()
	const source = `
Metadata: {Waymark: {LaptopParameters: {%s}}}
Parameters:
  Colour: {Type: String, Default: red, AllowedValues: [red, blue]}
  Size: {Type: Number, Default: 1}
  Key: {Type: String, Default: k}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {E: !Sub "${Colour} ${Size} ${Key}"}}}}
`
	for _, c := range []struct {
		name, parameters string
		options          template.Options
		want             string // environment or error
		differ           []template.LaptopParameter
	}{
		{"in the cloud", "Size: 7", template.Options{}, "red 1 k", nil},
		{"here", "Size: 7, Colour: blue", template.Options{Laptop: true}, "blue 7 k", []template.LaptopParameter{{"Colour", "blue", "red"}, {"Size", "7", "1"}}},
		{"the same here and there", "Size: 1, Key: x", template.Options{Laptop: true}, "red 1 x", []template.LaptopParameter{{"Key", "x", "k"}}},
		{"given", "Size: 7, Key: x", template.Options{Laptop: true, Parameters: map[string]string{"Size": "9"}}, "red 9 x", []template.LaptopParameter{{"Key", "x", "k"}}},
		{"none", "", template.Options{Laptop: true}, "red 1 k", nil},
		{"unknown", "Sise: 7", template.Options{}, "t.yaml:2: LaptopParameters names Sise, which is no parameter", nil},
		{"no number", "Size: big", template.Options{}, `read LaptopParameters: t.yaml:5: parameter Size is not a number: "big"`, nil},
		{"not allowed", "Colour: green", template.Options{Laptop: true}, `parameter Colour cannot be "green"`, nil},
	} {
		parsed, err := template.Parse("t.yaml", []byte(strings.Replace(source, "%s", c.parameters, 1)), c.options)
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error = %v, want %q", c.name, err, c.want)
			}
			continue
		}
		functions, err := parsed.Functions()
		if err != nil || functions[0].Environment["E"] != c.want || !reflect.DeepEqual(parsed.LaptopParameters(), c.differ) {
			t.Errorf("%s: environment %v (%v), laptop's %v, want %q and %v", c.name, functions, err, parsed.LaptopParameters(), c.want, c.differ)
		}
	}
}

func TestQueueSourcesThatLambdaRefuses(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]string{
		"BatchSize: 10000, MaximumBatchingWindowInSeconds: 300": "",
		"BatchSize: 11, MaximumBatchingWindowInSeconds: 1":      "",
		"BatchSize: 10":                       "",
		"BatchSize: 11":                       "BatchSize is 11: above 10, MaximumBatchingWindowInSeconds must be 1 at least",
		"BatchSize: 0":                        "BatchSize is 0: it must be 1 to 10000",
		"BatchSize: 10001":                    "BatchSize is 10001: it must be 1 to 10000",
		"MaximumBatchingWindowInSeconds: 301": "MaximumBatchingWindowInSeconds is 301: it must be 0 to 300",
	} {
		source := "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: SQS, Properties: {Queue: q, " + properties + "}}}}}}"
		parsed, err := template.Parse("t.yaml", []byte(source), template.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = parsed.QueueSources()
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("QueueSources with %s = %v, want %q", properties, err, want)
		}
	}
}

// TestProject reads the project's own template whole. `make golden` rewrites the golden file.
func TestProject(t *testing.T) {
	t.Parallel()
	parsed, err := template.Load("../../../template.yaml", template.Options{QueueURL: func(name string) string { return "http://queues/" + name }})
	if err != nil {
		t.Fatal(err)
	}
	expanded := map[string]any{}
	read := func(name string, value any, err error) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		expanded[name] = value
	}
	functions, err := parsed.Functions()
	read("functions", functions, err)
	routes, err := parsed.Routes()
	read("routes", routes, err)
	sources, err := parsed.QueueSources()
	read("queue sources", sources, err)
	schedules, err := parsed.Schedules()
	read("schedules", schedules, err)
	tables, err := parsed.Tables()
	read("tables", tables, err)
	queues, err := parsed.Queues()
	read("queues", queues, err)
	buckets, err := parsed.Buckets()
	read("buckets", buckets, err)
	got, err := json.MarshalIndent(expanded, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/project.golden.json"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the expanded template differs from %s; if that is meant, run make golden.\ngot:\n%s", golden, got)
	}
}

func TestLogging(t *testing.T) {
	t.Parallel()
	loaded, err := template.Parse("t.yaml", []byte(`
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {AccessLogSettings: {Format: "$context.status"}}}
  Silent: {Type: AWS::Serverless::HttpApi}
  F: {Type: AWS::Serverless::Function, Properties: {LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: ERROR, SystemLogLevel: WARN}}}
  G: {Type: AWS::Serverless::Function}
`), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	formats, err := loaded.AccessLogs()
	if want := []string{"$context.status", ""}; err != nil || !reflect.DeepEqual(formats, want) {
		t.Errorf("AccessLogs() = %q, %v, want %q", formats, err, want)
	}
	functions, err := loaded.Functions()
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]string
	for _, f := range functions {
		got = append(got, [2]string{f.LogLevel, f.SystemLevel})
	}
	if want := [][2]string{{"ERROR", "WARN"}, {"INFO", "INFO"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("levels = %q, want %q", got, want)
	}
}
