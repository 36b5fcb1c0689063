{{- define "lantoa.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "lantoa.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* What every pod of ours says first; .user is who it runs as. */ -}}
{{- define "lantoa.podHead" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "lantoa.podSecurity" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "lantoa.ourImage" -}}
image: {{ include "lantoa.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "lantoa.containerSecurity" . | nindent 2 }}
{{- end -}}

{{- /* Waits for Postgres and for a schema that this code can work with. */ -}}
{{- define "lantoa.waitForSchema" -}}
- name: wait-for-schema
  {{- include "lantoa.ourImage" .root | nindent 2 }}
  command: [python, -m, libs.common.wait_schema, --deadline, {{ .root.Values.migrate.waitSeconds | quote }}]
  env:
    - name: LANTOA_DB__URL
      valueFrom: {secretKeyRef: {name: {{ include "lantoa.databaseSecret" (dict "root" .root "role" .name "given" .service.database.secret) }}, key: LANTOA_DB__URL}}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
  resources:
    {{- toYaml .root.Values.migrate.resources | nindent 4 }}
{{- end -}}

{{- define "lantoa.container" -}}
- name: {{ .kind }}
  {{- include "lantoa.ourImage" .root | nindent 2 }}
  command: {{ include "lantoa.command" . }}
  envFrom:
    - configMapRef: {name: {{ include "lantoa.name" .root }}-{{ .name }}}
  env:
    {{- include "lantoa.secretEnv" . | nindent 4 }}
    {{- if and (eq .kind "api") .root.Values.ingress.proxies }}
    - {name: FORWARDED_ALLOW_IPS, value: {{ join "," .root.Values.ingress.proxies | quote }}}
    {{- end }}
  {{- if eq .kind "api" }}
  ports:
    - {name: http, containerPort: {{ .role.port }}}
  startupProbe:
    httpGet: {path: /health/live, port: http}
    periodSeconds: 2
    failureThreshold: 60
  livenessProbe:
    httpGet: {path: /health/live, port: http}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  readinessProbe:
    httpGet: {path: /health/ready, port: http}
    periodSeconds: 5
    timeoutSeconds: 5
  {{- if .role.drainSeconds }}
  lifecycle:
    preStop:
      {{- include "lantoa.preStop" . | nindent 6 }}
  {{- end }}
  {{- end }}
  {{- if eq .kind "watchdog" }}
  ports:
    - {name: http, containerPort: {{ .role.port }}}
  livenessProbe:
    httpGet: {path: /health/live, port: http}
    periodSeconds: 15
    timeoutSeconds: 5
    failureThreshold: 4
  {{- end }}
  {{- /* A worker listens on nothing, and ends by itself when it cannot go on: a probe that starts another
         interpreter in its container would cost much and say nothing about it. */}}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
    - {name: files, mountPath: /var/lib/lantoa/files}
    {{- if .root.Values.auth.caConfigMap }}
    - {name: ca, mountPath: /etc/lantoa/ca, readOnly: true}
    {{- end }}
    {{- if include "lantoa.jwksConfigMap" .root }}
    - {name: jwks, mountPath: /etc/lantoa/auth, readOnly: true}
    {{- end }}
  resources:
    {{- toYaml .role.resources | nindent 4 }}
{{- end -}}

{{- define "lantoa.pod" -}}
{{- $head := dict "root" .root "user" .root.Values.pods.user "account" (printf "%s-%s" (include "lantoa.name" .root) .name) -}}
{{ include "lantoa.podHead" $head }}
terminationGracePeriodSeconds: {{ .role.graceSeconds }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "lantoa.selector" $ | nindent 8 }}
  {{- end }}
{{- /* The watchdog does not wait: that the database is away is what it has to tell. */}}
{{- if ne .kind "watchdog" }}
initContainers:
  {{- include "lantoa.waitForSchema" . | nindent 2 }}
{{- end }}
containers:
  {{- include "lantoa.container" . | nindent 2 }}
volumes:
  - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
  {{- with .root.Values.auth.caConfigMap }}
  - name: ca
    configMap: {name: {{ . }}}
  {{- end }}
  {{- with include "lantoa.jwksConfigMap" .root }}
  - name: jwks
    configMap: {name: {{ . }}}
  {{- end }}
  - name: files
    {{- if .service.files }}
    persistentVolumeClaim: {claimName: {{ include "lantoa.filesClaim" .root }}}
    {{- else }}
    emptyDir: {sizeLimit: 256Mi}
    {{- end }}
{{- end -}}
