package policy_test

import (
	"slices"
	"strings"
	"testing"

	"waymark/tests/policy"
)

// mutants are small wrong changes of template.yaml, each with words of what must be said about it. The change is made where old stands first behind
// the line that is in, or in the whole template.
var mutants = []struct{ name, in, old, new, want string }{
	{"recovery off", "  Table:\n", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "Table (AWS::DynamoDB::Table): point-in-time recovery is not on"},
	{"recovery left out", "  Table:\n", "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n", "", "Table (AWS::DynamoDB::Table): point-in-time recovery is not on"},
	{"deletion allowed", "  DeletionProtection:\n", `Default: "true"`, `Default: "false"`, "deletion protection is not on"},
	{"deletion not protected", "  Table:\n", "      DeletionProtectionEnabled: !Ref DeletionProtection\n", "", "deletion protection is not on"},
	{"table not encrypted", "  Table:\n", "    Properties:\n", "    Properties:\n      SSESpecification: {SSEEnabled: false}\n", "its encryption is switched off"},
	{"table provisioned", "  Table:\n", "PAY_PER_REQUEST", "PROVISIONED", "costs money while nothing happens"},
	{"table not kept", "  Table:\n", "DeletionPolicy: Retain", "DeletionPolicy: Delete", "Table (AWS::DynamoDB::Table): DeletionPolicy is not Retain"},
	{"table not kept on replacement", "  Table:\n", "    UpdateReplacePolicy: Retain\n", "", "Table (AWS::DynamoDB::Table): UpdateReplacePolicy is not Retain"},
	{"table with a stream", "  Table:\n", "    Properties:\n", "    Properties:\n      StreamSpecification: {StreamViewType: NEW_IMAGE}\n", "judges the property StreamSpecification"},

	{"acls not blocked", "  ArchiveBucket:\n", "BlockPublicAcls: true", "BlockPublicAcls: false", "BlockPublicAcls is not true"},
	{"policies not blocked", "  ExportBucket:\n", "BlockPublicPolicy: true", "BlockPublicPolicy: false", "BlockPublicPolicy is not true"},
	{"acls not ignored", "  ExportBucket:\n", "        IgnorePublicAcls: true\n", "", "IgnorePublicAcls is not true"},
	{"bucket not restricted", "  ArchiveBucket:\n", "RestrictPublicBuckets: true", `RestrictPublicBuckets: "false"`, "RestrictPublicBuckets is not true"},
	{"bucket read by all", "  ExportBucket:\n", "    Properties:\n", "    Properties:\n      AccessControl: PublicRead\n", "judges the property AccessControl"},
	{"bucket as a site", "  ExportBucket:\n", "    Properties:\n", "    Properties:\n      WebsiteConfiguration: {IndexDocument: index.html}\n", "judges the property WebsiteConfiguration"},
	{"acls count", "  ArchiveBucket:\n", "BucketOwnerEnforced", "ObjectWriter", "access control lists count"},
	{"bucket not encrypted", "  ArchiveBucket:\n", "          - {ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}\n", "          []\n", "it has no BucketEncryption"},
	{"another cipher", "  ArchiveBucket:\n", "AES256", "NONE", `encrypted with "NONE"`},
	{"no versions", "  ExportBucket:\n", "{Status: Enabled}", "{Status: Suspended}", "versioning is not on"},
	{"objects expire", "  ArchiveBucket:\n", "            NoncurrentVersionExpiration", "            ExpirationInDays: 90\n            NoncurrentVersionExpiration", "a lifecycle rule says ExpirationInDays"},
	{"versions expire early", "  ArchiveBucket:\n", "NoncurrentDays: 30", "NoncurrentDays: 29", "sooner than after 30 days"},
	{"bucket not kept", "  ExportBucket:\n", "    DeletionPolicy: Retain\n", "", "ExportBucket (AWS::S3::Bucket): DeletionPolicy is not Retain"},
	{"bucket without TLS", "  ArchiveOverTlsOnly:\n", "Effect: Deny", "Effect: Allow", "ArchiveBucket (AWS::S3::Bucket): it may be reached without TLS"},
	{"bucket open to all", "  ArchiveOverTlsOnly:\n", "Effect: Deny", "Effect: Allow", "it makes the resource public: it allows s3:* to everybody"},
	{"condition turned round", "  ExportsOverTlsOnly:\n", `"false"`, `"true"`, "ExportBucket (AWS::S3::Bucket): it may be reached without TLS"},
	{"objects without TLS", "  ExportsOverTlsOnly:\n", `, !Sub "${ExportBucket.Arn}/*"`, "", "ExportBucket (AWS::S3::Bucket): it may be reached without TLS"},
	{"denied to one only", "  ExportsOverTlsOnly:\n", `Principal: "*"`, "Principal: {AWS: !Ref AWS::AccountId}", "ExportBucket (AWS::S3::Bucket): it may be reached without TLS"},
	{"policy of another bucket", "  ExportsOverTlsOnly:\n", "Bucket: !Ref ExportBucket", "Bucket: !Ref ArchiveBucket", "ExportBucket (AWS::S3::Bucket): it may be reached without TLS"},
	{"another account may read", "  ExportsOverTlsOnly:\n", "          - Effect: Deny\n", "          - {Effect: Allow, Principal: {AWS: \"123456789012\"}, Action: s3:GetObject, Resource: !Sub \"${ExportBucket.Arn}/*\"}\n          - Effect: Deny\n", "rights are given by roles alone"},

	{"queue not encrypted", "  TouchpointQueue:\n", "SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false", "its messages are not encrypted"},
	{"dead letters not encrypted", "  DeadLetterQueue:\n", "      SqsManagedSseEnabled: true\n", "", "DeadLetterQueue (AWS::SQS::Queue): its messages are not encrypted"},
	{"queue without dead letters", "  TouchpointQueue:\n", "      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt DeadLetterQueue.Arn\n        maxReceiveCount: !Ref MaxReceiveCount\n", "", "TouchpointQueue (AWS::SQS::Queue): it has no dead-letter queue"},
	{"dead letters elsewhere", "  TouchpointQueue:\n", "!GetAtt DeadLetterQueue.Arn", "arn:aws:sqs:eu-central-1:123456789012:other", "TouchpointQueue (AWS::SQS::Queue): it has no dead-letter queue"},
	{"one try less", "  MaxReceiveCount:\n", "Default: 5", "Default: 4", "after 4 tries (Default"},
	{"one try less allowed", "  MaxReceiveCount:\n", "MinValue: 5", "MinValue: 4", "after 4 tries (MinValue"},
	{"dead letters kept a second less", "  DeadLetterQueue:\n", "1209600", "1209599", "it keeps dead letters for 1209599 s"},
	{"messages outlive their queue", "  TouchpointQueue:\n", "604800", "1209600", "the letters must stay longer"},
	{"no retention", "  TouchpointQueue:\n", "      MessageRetentionPeriod: 604800\n", "", "nobody says how long it keeps messages"},
	{"queue not kept", "  TouchpointQueue:\n", "    DeletionPolicy: Retain\n", "", "TouchpointQueue (AWS::SQS::Queue): DeletionPolicy is not Retain"},
	{"queues without TLS", "  QueuesOverTlsOnly:\n", `            Condition: {Bool: {"aws:SecureTransport": "false"}}` + "\n", "", "TouchpointQueue (AWS::SQS::Queue): it may be reached without TLS"},
	{"one queue left out", "  QueuesOverTlsOnly:\n", "!Ref DeadLetterQueue, ", "", "DeadLetterQueue (AWS::SQS::Queue): it may be reached without TLS"},
	{"one action without TLS", "  QueuesOverTlsOnly:\n", "Action: sqs:*", "Action: sqs:SendMessage", "it may be reached without TLS"},
	{"queue open to all", "  QueuesOverTlsOnly:\n", "          - Effect: Deny\n", "          - {Effect: Allow, Principal: \"*\", Action: sqs:SendMessage, Resource: !GetAtt TouchpointQueue.Arn}\n          - Effect: Deny\n", "it makes the resource public"},

	{"visible a second early", "  VisibilityTimeoutSeconds:\n", "Default: 240", "Default: 239", "is hidden for 239 s, want 240 s at least"},
	{"a second more to work", "  Process:\n", "Timeout: 30", "Timeout: 31", "is hidden for 240 s, want 246 s at least"},
	{"a second more to wait", "  BatchWindowSeconds:\n", "MaxValue: 60", "MaxValue: 61", "is hidden for 240 s, want 241 s at least"},
	{"visibility left out", "  TouchpointQueue:\n", "      VisibilityTimeout: !Ref VisibilityTimeoutSeconds\n", "", "is hidden for 0 s"},
	{"messages are filtered away", "  Process:\n", "            BatchSize: !Ref BatchSize\n", "            BatchSize: !Ref BatchSize\n            FilterCriteria: {Filters: []}\n", "the property FilterCriteria of the event Touchpoints"},
	{"queue switched off", "  Process:\n", "            BatchSize: !Ref BatchSize\n", "            BatchSize: !Ref BatchSize\n            Enabled: false\n", "the property Enabled of the event Touchpoints"},
	{"schedule switched off", "        RollupRegularly:\n", "            Description", "            State: DISABLED\n            Description", "the property State of the event RollupRegularly"},
	{"whole batches come again", "  Process:\n", "            FunctionResponseTypes: [ReportBatchItemFailures]\n", "", "no ReportBatchItemFailures"},
	{"no bound of concurrency", "  Process:\n", "            ScalingConfig: {MaximumConcurrency: !Ref ProcessConcurrency}\n", "", "no MaximumConcurrency"},
	{"reserved concurrency", "  Process:\n", "      Timeout: 30\n", "      Timeout: 30\n      ReservedConcurrentExecutions: 2\n", "judges the property ReservedConcurrentExecutions"},

	{"schedule without dead letters", "        ExportWeekly:\n", "            DeadLetterConfig: {Arn: !GetAtt ScheduleDeadLetterQueue.Arn}\n", "", "a firing of the schedule ExportWeekly that cannot be delivered is lost"},
	{"failures of a schedule lost", "  Rollup:\n", "        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt ScheduleDeadLetterQueue.Arn}}\n", "", "Rollup (AWS::Serverless::Function): an invocation that fails after all tries is lost"},
	{"failures told to nobody", "  Profile:\n", "{Type: SQS, Destination", "{Type: SNS, Destination", "Profile (AWS::Serverless::Function): an invocation that fails after all tries is lost"},
	{"dead letters may not be sent", "  ProfileRole:\n", "              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt ScheduleDeadLetterQueue.Arn}\n", "", "ProfileRole does not allow sqs:SendMessage on ScheduleDeadLetterQueue"},
	{"scheduler may not send", "  SchedulerRole:\n", "              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt ScheduleDeadLetterQueue.Arn}\n", "", "SchedulerRole does not allow sqs:SendMessage"},
	{"schedule may not invoke", "  SchedulerRole:\n", ", !GetAtt Export.Arn", "", "SchedulerRole does not allow the schedule ExportDaily to invoke it"},
	{"firing not repeated", "        ExportMonthly:\n", "            RetryPolicy: {MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 21600}\n", "", "a firing of the schedule ExportMonthly is not tried again"},

	{"every action", "  CollectRole:\n", "Action: dynamodb:GetItem", `Action: "*"`, "allows * on Table: an action must be named"},
	{"every action of a service", "  CollectRole:\n", "Action: dynamodb:GetItem", "Action: dynamodb:*", "allows dynamodb:* on Table: an action must be named"},
	{"every getter", "  QueryRole:\n", "Action: s3:GetObject", "Action: s3:Get*", "allows s3:Get* on ExportBucket: an action must be named"},
	{"every resource", "  CollectRole:\n", "Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn", `Action: dynamodb:GetItem, Resource: "*"`, "allows dynamodb:GetItem on *, which is not one resource of this template"},
	{"every bucket", "  ExportRole:\n", `!Sub "${ExportBucket.Arn}/*"`, `"arn:aws:s3:::*"`, "on arn:aws:s3:::*, which is not one resource"},
	{"every index", "  CollectRole:\n", "Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn", `Action: dynamodb:GetItem, Resource: !Sub "${Table.Arn}/*"`, "this wildcard is no named exception"},
	{"all but one action", "  CollectRole:\n", "Action: dynamodb:GetItem", "NotAction: dynamodb:DeleteTable", "a statement with NotAction"},
	{"all but one resource", "  CollectRole:\n", "Action: dynamodb:GetItem, Resource", "Action: dynamodb:GetItem, NotResource", "a statement with NotResource"},
	{"an action nobody needs", "  CollectRole:\n", "Action: dynamodb:GetItem", "Action: dynamodb:DeleteTable", "no function needs that"},
	{"rights of an administrator", "  QueryRole:\n", "    Properties:\n", "    Properties:\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]\n", "judges the property ManagedPolicyArns"},
	{"everybody may be it", "  QueryRole:\n", "Principal: {Service: lambda.amazonaws.com}", `Principal: "*"`, "its trust policy lets in *"},
	{"every account's schedules", "  SchedulerRole:\n", `            Condition: {StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}}` + "\n", "", "schedules of other accounts may use it"},
	{"rights that come and go", "  CollectRole:\n", "      Policies:\n", "      Policies: !If [Wide, [], []]\n      Others:\n", "which cannot be judged"},
	{"trust that comes and goes", "  CollectRole:\n", "      AssumeRolePolicyDocument:\n", "      AssumeRolePolicyDocument: !If [Wide, {}, {}]\n      Others:\n", "its trust policy cannot be judged"},
	{"a secret in the open", "  Collect:\n", "          TABLE_NAME: !Ref Table\n", "          TABLE_NAME: !Ref Table\n          SIGNING_SECRET: hunter2\n", "the variable SIGNING_SECRET looks like a secret"},
	{"a role of two", "  Export:\n", "Role: !GetAtt ExportRole.Arn", "Role: !GetAtt RollupRole.Arn", "it shares RollupRole with Rollup"},
	{"no role", "  Collect:\n", "      Role: !GetAtt CollectRole.Arn\n", "", "its Role is none of this template"},
	{"managed policy of a function", "  Collect:\n", "      CodeUri", "      Policies: AdministratorAccess\n      CodeUri", "the managed policy AdministratorAccess"},
	{"a statement of a function", "  Collect:\n", "      CodeUri", "      Policies: [{Statement: [{Effect: Allow, Action: \"*\", Resource: \"*\"}]}]\n      CodeUri", "Policies allows * on *"},
	{"a policy template", "  Collect:\n", "      CodeUri", "      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Table}}]\n      CodeUri", "the policy template DynamoDBCrudPolicy allows dynamodb:Scan on Table"},
	{"a policy template's wildcard", "  Collect:\n", "      CodeUri", "      Policies: [{S3CrudPolicy: {BucketName: !Ref ExportBucket}}]\n      CodeUri", "the policy template S3CrudPolicy allows s3:PutObjectAcl"},
	{"an unknown policy template", "  Collect:\n", "      CodeUri", "      Policies: [{EverythingPolicy: {}}]\n      CodeUri", "EverythingPolicy, which is no policy template of SAM"},
	{"policies for all", "Globals:\n", "    Timeout: 10\n", "    Timeout: 10\n    Policies: [AdministratorAccess]\n", "Query (AWS::Serverless::Function): Policies name the managed policy AdministratorAccess"},

	{"public address", "  Query:\n", "      CodeUri", "      FunctionUrlConfig: {AuthType: NONE}\n      CodeUri", "it has a public address"},
	{"another API", "  Query:\n", "        Profiles: {Type: HttpApi, Properties: {ApiId: !Ref Api, ", "        Profiles: {Type: HttpApi, Properties: {", "comes by an API that is not in this template"},
	{"an older API", "  Query:\n", "Profiles: {Type: HttpApi", "Profiles: {Type: Api", "judges events of type Api"},
	{"no rate", "  Api:\n", "        ThrottlingRateLimit: !Ref ThrottlingRequestsPerSecond\n", "", "ThrottlingRateLimit is missing"},
	{"no burst", "  Api:\n", "        ThrottlingBurstLimit: !Ref ThrottlingBurst\n", "", "ThrottlingBurstLimit is missing"},
	{"no access log", "  Api:\n", "DestinationArn: !GetAtt ApiLogGroup.Arn", "DestinationArn: arn:aws:logs:eu-central-1:123456789012:log-group:x", "it writes no access log"},
	{"addresses in the log", "  Api:\n", `"route":"$context.routeKey"`, `"ip":"$context.identity.sourceIp"`, "its access log holds identity"},
	{"CORS for all", "  Api:\n", "      FailOnWarnings: true\n", "      FailOnWarnings: true\n      CorsConfiguration: true\n", "judges the property CorsConfiguration"},
	{"logs for ever", "  CollectLogGroup:\n", "    Properties: {RetentionInDays: !Ref LogRetentionDays}\n", "", "CollectLogGroup (AWS::Logs::LogGroup): log lines are not kept for a time"},
	{"logs not kept", "  QueryLogGroup:\n", "    UpdateReplacePolicy: Retain\n", "", "QueryLogGroup (AWS::Logs::LogGroup): UpdateReplacePolicy is not Retain"},
	{"no log group", "  Query:\n", ", LogGroup: !Ref QueryLogGroup", "", "it has no log group of this template"},
	{"log of another", "  Query:\n", "LogGroup: !Ref QueryLogGroup", "LogGroup: !Ref ExportLogGroup", "QueryRole does not allow logs:PutLogEvents on ExportLogGroup"},

	{"a new type", "Resources:\n", "  Api:\n", "  Topic: {Type: AWS::SNS::Topic}\n  Api:\n", "Topic (AWS::SNS::Topic): no rule of the policy judges this type"},
	{"a table of SAM's own", "Resources:\n", "  Api:\n", "  Other: {Type: AWS::Serverless::SimpleTable}\n  Api:\n", "Other (AWS::Serverless::SimpleTable): no rule of the policy judges this type"},
	{"a misspelt property", "  Table:\n", "PointInTimeRecoverySpecification", "PointInTimeRecoverySpecifikation", "judges the property PointInTimeRecoverySpecifikation"},
	{"a resource under a condition", "  DeadLetterQueue:\n", "    Properties:\n", "    Condition: Never\n    Properties:\n", "judges the attribute Condition"},
	{"a value that comes and goes", "  Table:\n", "{PointInTimeRecoveryEnabled: true}", "{PointInTimeRecoveryEnabled: !If [Production, true, false]}", "point-in-time recovery is not on"},
	{"another transform", "", "Transform: AWS::Serverless-2016-10-31", "Transform: [AWS::Serverless-2016-10-31, Other]", "Transform is"},
	{"a section", "", "Globals:\n", "Mappings: {A: {B: {C: d}}}\nGlobals:\n", "the section Mappings"},
	{"code of others", "  Collect:\n", "[!Ref GeoLayer]", "[arn:aws:lambda:eu-central-1:123456789012:layer:x:1]", "Collect (AWS::Serverless::Function): it has the layers"},
	{"a condition", "Conditions:\n", "  HasEdge", "  Never: !Equals [a, b]\n  HasEdge", "the condition Never"},
	{"another reason", "Conditions:\n", "!Ref EdgeDomain", "!Ref EdgePath", "the condition HasEdge"},
	{"a global of the API", "", "Globals:\n", "Globals:\n  HttpApi: {CorsConfiguration: true}\n", "Globals.HttpApi"},
	{"an alias", "  Collect:\n", "CodeUri: functions/collect/lambda", "CodeUri: &code functions/collect/lambda\n      Description2: *code", "the YAML alias *code"},
	{"no template", "", "AWSTemplateFormatVersion", "\tAWSTemplateFormatVersion", "the template is no YAML"},

	{"older TLS", "  Edge:\n", "TLSv1.2_2021", "TLSv1", "it takes older TLS"},
	{"dedicated addresses", "  Edge:\n", "sni-only", "vip", "it takes older TLS than TLSv1.2_2021, or a dedicated"},
	{"no certificate", "  Edge:\n", "!Ref EdgeCertificateArn", "arn:aws:acm:us-east-1:123456789012:certificate/x", "its certificate is none of whoever"},
	{"access logs", "  Edge:\n", "        Enabled: true\n", "        Enabled: true\n        Logging: {Bucket: a.s3.amazonaws.com}\n", "judges Logging of DistributionConfig"},
	{"plain origin", "  Edge:\n", "OriginProtocolPolicy: https-only", "OriginProtocolPolicy: http-only", "by something other than https"},
	{"old TLS to the origin", "  Edge:\n", "[TLSv1.2]", "[TLSv1]", "by something other than https"},
	{"no proof", "  Edge:\n", "            OriginCustomHeaders: [{HeaderName: waymark-edge-proof, HeaderValue: !Ref AWS::StackId}]\n", "", "it does not prove to Collect"},
	{"another origin", "  Edge:\n", "!Sub ${Api}.execute-api", "!Sub evil.execute-api", "it asks an origin that is not the HTTP API"},
	{"events are cached", "        DefaultCacheBehavior:\n", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "658327ea-f89d-4fab-a63d-7e88639e58f6", "it may keep what is no file"},
	{"host is forwarded", "        DefaultCacheBehavior:\n", "b689b0a8-53d0-40ab-baf2-68738e2966ac", "216adef6-5c7f-47e4-b989-5492eafa07d3", "does not get what collect needs"},
	{"redirects", "        DefaultCacheBehavior:\n", "https-only", "redirect-to-https", "it answers without TLS, or with a redirect"},
	{"files without TLS", "        CacheBehaviors:\n", "https-only", "allow-all", "it answers without TLS"},
	{"no function", "        DefaultCacheBehavior:\n", "viewer-request", "viewer-response", "does not run the edge's function"},
	{"another function", "        DefaultCacheBehavior:\n", "!GetAtt EdgeFunction.FunctionARN", "!GetAtt Collect.Arn", "runs a function that is none"},
	{"everything is a file", "        CacheBehaviors:\n", "${EdgePath}/analytics.js/*", "${EdgePath}/*", "is not one below EdgePath"},
	{"files at another path", "        CacheBehaviors:\n", "!Sub ${EdgePath}/analytics.js/*", "/v1/*", "is not one below EdgePath"},
	{"settings are posted", "        CacheBehaviors:\n", "[GET, HEAD, OPTIONS]", "[GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]", "files take POST"},
	{"a cache policy of nobody", "        CacheBehaviors:\n", "!Ref EdgeCachePolicy", "658327ea-f89d-4fab-a63d-7e88639e58f6", "is none of this template"},
	{"an unknown member", "        CacheBehaviors:\n", "            Compress: true\n", "            Compress: true\n            TrustedSigners: [self]\n", "judges TrustedSigners of cache behavior"},
	{"kept in spite of no-store", "  EdgeCachePolicy:\n", "MinTTL: 0", "MinTTL: 60", "MinTTL is not 0"},
	{"kept though nothing says so", "  EdgeCachePolicy:\n", "DefaultTTL: 0", "DefaultTTL: 86400", "DefaultTTL is not 0"},
	{"cookies in the cache", "  EdgeCachePolicy:\n", "CookieBehavior: none", "CookieBehavior: all", "cookies are part"},
	{"queries are one", "  EdgeCachePolicy:\n", "QueryStringBehavior: all", "QueryStringBehavior: none", "answers to different queries"},
	{"hosts are one", "  EdgeCachePolicy:\n", "[waymark-edge]", "[authorization]", "answers to different hosts"},
	{"an old runtime", "  EdgeFunction:\n", "cloudfront-js-2.0", "cloudfront-js-1.0", "its runtime is not"},
	{"an old version", "  EdgeFunction:\n", "AutoPublish: true", "AutoPublish: false", "a new version of it is not used"},
	{"code from elsewhere", "  EdgeFunction:\n", "FunctionCode: !Sub |", "FunctionCode: !If [HasEdge, a, b]\n      Name2: |", "its code is not a text"},
}

// TestMutants changes one thing at a time and wants to hear of it.
func TestMutants(t *testing.T) {
	t.Parallel()
	source, expansions := load(t)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			before, after, found := strings.Cut(string(source), m.in)
			if !found || !strings.Contains(after, m.old) {
				t.Fatalf("template.yaml has no %q behind %q", m.old, m.in)
			}
			problems := policy.Check([]byte(before+m.in+strings.Replace(after, m.old, m.new, 1)), expansions)
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, m.want) }) {
				t.Errorf("nobody says %q, but\n%s", m.want, strings.Join(problems, "\n"))
			}
		})
	}
}
