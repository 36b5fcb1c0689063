{{- /* For trying out: one pod, no backups, no failover. Its roles are made once, when its volume is empty. */ -}}
{{- define "lantoa.postgres" -}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
data:
  roles.sh: |
    {{- .root.Files.Get "files/postgres-roles.sh" | nindent 4 }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  ports:
    - {name: postgres, port: 5432, targetPort: postgres}
  selector:
    {{- include "lantoa.selector" . | nindent 4 }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  replicas: 1
  serviceName: {{ include "lantoa.name" .root }}-postgres
  selector:
    matchLabels:
      {{- include "lantoa.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "lantoa.labels" . | nindent 8 }}
    spec:
      {{- include "lantoa.postgresPod" . | nindent 6 }}
  volumeClaimTemplates:
    {{- include "lantoa.claimTemplate" .root.Values.postgres.storage | nindent 4 }}
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "lantoa.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: lantoa, app.kubernetes.io/instance: {{ .root.Release.Name }}}}}]
      ports:
        - {protocol: TCP, port: 5432}
{{- end }}
{{- end -}}

{{- define "lantoa.claimTemplate" -}}
- metadata: {name: data}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources: {requests: {storage: {{ .size }}}}
{{- end -}}

{{- define "lantoa.postgresPod" -}}
{{ include "lantoa.podHead" (dict "root" .root "user" 999 "account" (printf "%s-postgres" (include "lantoa.name" .root))) }}
terminationGracePeriodSeconds: 60
containers:
  - name: postgres
    image: {{ .root.Values.postgres.image | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    securityContext:
      {{- include "lantoa.containerSecurity" . | nindent 6 }}
    env:
      - {name: PGDATA, value: /var/lib/postgresql/lantoa}
      - {name: POSTGRES_INITDB_ARGS, value: "--encoding=UTF8 --locale=C --auth-host=scram-sha-256"}
      {{- range $role, $_ := .root.Values.postgres.passwords }}
      - name: {{ upper $role }}_PASSWORD
        valueFrom: {secretKeyRef: {name: {{ include "lantoa.databaseSecret" (dict "root" $.root "role" $role "given" "") }}, key: password}}
      {{- end }}
      # the image wants one for its superuser; the script takes it away again
      - name: POSTGRES_PASSWORD
        valueFrom: {secretKeyRef: {name: {{ include "lantoa.databaseSecret" (dict "root" .root "role" "owner" "given" "") }}, key: password}}
    ports:
      - {name: postgres, containerPort: 5432}
    startupProbe:
      exec: {command: [pg_isready, -h, 127.0.0.1, -U, postgres]}
      periodSeconds: 3
      failureThreshold: 60
    readinessProbe:
      exec: {command: [pg_isready, -h, 127.0.0.1, -U, postgres]}
      timeoutSeconds: 5
    volumeMounts:
      - {name: data, mountPath: /var/lib/postgresql}
      - {name: run, mountPath: /var/run/postgresql}
      - {name: tmp, mountPath: /tmp}
      - {name: roles, mountPath: /docker-entrypoint-initdb.d, readOnly: true}
    resources:
      {{- toYaml .root.Values.postgres.resources | nindent 6 }}
volumes:
  - {name: run, emptyDir: {sizeLimit: 16Mi}}
  - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
  - name: roles
    configMap: {name: {{ include "lantoa.name" .root }}-postgres}
{{- end -}}

{{- /* Needs the CloudNativePG operator in the cluster. It reads each password from that role's Secret. */ -}}
{{- define "lantoa.cloudNativePG" -}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  {{- include "lantoa.meta" . | nindent 2 }}
spec:
  instances: {{ .root.Values.postgres.instances }}
  {{- /* the operator's images are its own; only another one is named */}}
  {{- if ne .root.Values.postgres.image "docker.io/library/postgres:18" }}
  imageName: {{ .root.Values.postgres.image }}
  {{- end }}
  storage:
    size: {{ .root.Values.postgres.storage.size }}
    {{- with .root.Values.postgres.storage.storageClass }}
    storageClass: {{ . }}
    {{- end }}
  resources:
    {{- toYaml .root.Values.postgres.resources | nindent 4 }}
  bootstrap:
    initdb:
      database: lantoa
      owner: lantoa_owner
      secret: {name: {{ include "lantoa.databaseSecret" (dict "root" .root "role" "owner" "given" "") }}}
      encoding: UTF8
      localeCollate: C
      localeCType: C
  managed:
    roles:
      {{- range $role := without (keys .root.Values.postgres.passwords | sortAlpha) "owner" }}
      - name: lantoa_{{ $role }}
        ensure: present
        login: true
        passwordSecret: {name: {{ include "lantoa.databaseSecret" (dict "root" $.root "role" $role "given" "") }}}
      {{- end }}
{{- end -}}
