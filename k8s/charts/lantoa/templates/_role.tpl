{{- /* One role of one service: (dict "root" $ "name" "ingest" "service" merged "kind" "api" "role" merged.api "component" "ingest-api") */ -}}
{{- define "lantoa.meta" -}}
name: {{ include "lantoa.name" .root }}-{{ .component }}
labels:
  {{- include "lantoa.labels" . | nindent 2 }}
{{- end -}}

{{- define "lantoa.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  {{- if not (or .role.autoscaling.enabled .role.keda.enabled) }}
  replicas: {{ .role.replicas }}
  {{- end }}
  minReadySeconds: {{ eq .kind "api" | ternary 0 10 }}
  revisionHistoryLimit: 5
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector:
    matchLabels:
      {{- include "lantoa.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "lantoa.labels" . | nindent 8 }}
      annotations:
        lantoa/settings: {{ include "lantoa.settings" . | sha256sum | trunc 16 }}
        lantoa/jwks: {{ .root.Values.auth.jwks | sha256sum | trunc 16 }}
    spec:
      {{- include "lantoa.pod" . | nindent 6 }}
{{- end -}}

{{- define "lantoa.serviceObject" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  ports:
    - {name: http, port: 80, targetPort: http}
  selector:
    {{- include "lantoa.selector" . | nindent 4 }}
{{- end -}}

{{- define "lantoa.disruption" -}}
apiVersion: {{ semverCompare ">=1.21-0" .root.Capabilities.KubeVersion.Version | ternary "policy/v1" "policy/v1beta1" }}
kind: PodDisruptionBudget
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  maxUnavailable: {{ .role.disruption.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "lantoa.selector" . | nindent 6 }}
{{- end -}}

{{- define "lantoa.autoscaler" -}}
apiVersion: {{ semverCompare ">=1.23-0" .root.Capabilities.KubeVersion.Version | ternary "autoscaling/v2" "autoscaling/v2beta2" }}
kind: HorizontalPodAutoscaler
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "lantoa.name" .root }}-{{ .component }}}
  minReplicas: {{ .role.autoscaling.minReplicas }}
  maxReplicas: {{ .role.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ .role.autoscaling.cpu }}}}
{{- end -}}

{{- define "lantoa.lagScaler" -}}
{{- $nats := .root.Values.nats -}}
{{- $inside := printf "%s-nats.%s.svc:8222" (include "lantoa.name" .root) .root.Release.Namespace -}}
{{- $known := eq $nats.mode "inChart" | ternary $inside $nats.monitoring -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  scaleTargetRef: {name: {{ include "lantoa.name" .root }}-{{ .component }}}
  minReplicaCount: {{ .role.keda.minReplicas }}
  maxReplicaCount: {{ .role.keda.maxReplicas }}
  triggers:
    {{- range .role.keda.consumers }}
    - type: nats-jetstream
      metadata:
        natsServerMonitoringEndpoint: {{ required "nats.monitoring: KEDA reads the lag there (host:8222)" $known | quote }}
        account: $G
        stream: {{ index $.root.Values.settings "LANTOA_NATS__STREAM" | default "lantoa" }}
        consumer: {{ . }}
        lagThreshold: {{ $.role.keda.lag | quote }}
    {{- else }}
    {{- fail (printf "services.%s.%s.keda.consumers: name at least one durable" .name .kind) }}
    {{- end }}
{{- end -}}

{{- define "lantoa.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "lantoa.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if eq .kind "api" }}
  ingress:
    - from:
        {{- toYaml .root.Values.networkPolicy.callers | nindent 8 }}
      ports:
        - {protocol: TCP, port: {{ .role.port }}}
  {{- end }}
  egress:
    {{- include "lantoa.egressInside" .root | nindent 4 }}
    {{- if .root.Values.telemetry.otlpEndpoint }}
    {{- include "lantoa.egressTelemetry" .root | nindent 4 }}
    {{- end }}
    {{- if and (eq .kind "api") (not (include "lantoa.jwksConfigMap" .root)) }}
    {{- include "lantoa.egressIdentity" .root | nindent 4 }}
    {{- end }}
    {{- if .role.world.ports }}
    {{- include "lantoa.egressWorld" (dict "root" .root "ports" .role.world.ports) | nindent 4 }}
    {{- end }}
    {{- with .role.inside.peers }}
    - to:
        {{- toYaml . | nindent 8 }}
      ports:
        {{- range required "inside.ports: say which ports of those servers are called" ($.role.inside.ports | default nil) }}
        - {protocol: TCP, port: {{ . }}}
        {{- end }}
    {{- end }}
{{- end -}}

{{- define "lantoa.role" -}}
{{- if and .role.autoscaling.enabled .role.keda.enabled -}}
{{- fail (printf "services.%s.%s: autoscaling and keda would both set the number of pods; enable one" .name .kind) -}}
{{- end -}}
---
{{ include "lantoa.deployment" . }}
{{- if eq .kind "api" }}
---
{{ include "lantoa.serviceObject" . }}
{{- end }}
{{- if .role.disruption.enabled }}
---
{{ include "lantoa.disruption" . }}
{{- end }}
{{- if .role.autoscaling.enabled }}
---
{{ include "lantoa.autoscaler" . }}
{{- end }}
{{- if .role.keda.enabled }}
---
{{ include "lantoa.lagScaler" . }}
{{- end }}
{{- if .root.Values.networkPolicy.enabled }}
---
{{ include "lantoa.networkPolicy" . }}
{{- end }}
{{ end -}}
