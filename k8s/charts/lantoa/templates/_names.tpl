{{- define "lantoa.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 24 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 24 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- /* (dict "root" $ "component" "ingest-api") */ -}}
{{- define "lantoa.selector" -}}
app.kubernetes.io/name: lantoa
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "lantoa.labels" -}}
{{ include "lantoa.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "lantoa.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* What tells one image from another, as part of a name. */ -}}
{{- define "lantoa.imageId" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.digest | trimPrefix "sha256:" | trunc 12 }}
{{- else -}}
{{ $image.tag | default .Chart.AppVersion | lower | replace "." "-" | replace "_" "-" | replace "+" "-" | trunc 20 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- /* (dict "root" $ "role" "ingest" "given" "name or empty") */ -}}
{{- define "lantoa.databaseSecret" -}}
{{ .given | default (printf "%s-%s-database" (include "lantoa.name" .root) .role) }}
{{- end -}}

{{- define "lantoa.natsSecret" -}}
{{ .Values.nats.secret | default (printf "%s-nats" (include "lantoa.name" .)) }}
{{- end -}}

{{- define "lantoa.natsUrl" -}}
{{- if eq .Values.nats.mode "inChart" -}}
nats://lantoa@{{ include "lantoa.name" . }}-nats:4222
{{- else -}}
{{ required "nats.url: say where NATS is (nats://host:4222), or set nats.mode to inChart" .Values.nats.url }}
{{- end -}}
{{- end -}}

{{- define "lantoa.postgresHost" -}}
{{ include "lantoa.name" . }}-postgres{{ if eq .Values.postgres.mode "cloudNativePG" }}-rw{{ end }}
{{- end -}}

{{- define "lantoa.publicUrl" -}}
{{ required "publicUrl: say the origin that readers and editors use, as https://…" .Values.publicUrl }}
{{- end -}}

{{- /* Empty where the provider is asked for its keys. */ -}}
{{- define "lantoa.jwksConfigMap" -}}
{{- if .Values.auth.existingConfigMap -}}
{{ .Values.auth.existingConfigMap }}
{{- else if .Values.auth.jwks -}}
{{ include "lantoa.name" . }}-jwks
{{- end -}}
{{- end -}}

{{- define "lantoa.filesClaim" -}}
{{ .Values.files.existingClaim | default (printf "%s-files" (include "lantoa.name" .)) }}
{{- end -}}
