//! Several Envoys that read one directory.

use super::*;

/// Each has its own view of the directory, as pods have of a ConfigMap.
#[derive(Debug)]
struct Fleet(Vec<Pod>);

#[derive(Debug, Clone)]
struct Pod {
    name: &'static str,
    envoy: Fake,
    serves: bool,
    /// How often it is asked for before it is a reader: one that comes later.
    comes_after: Rc<Cell<u32>>,
}

impl Target for Fleet {
    type Envoy = Fake;

    fn limit(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(1)
    }

    async fn carry(&mut self, files: &[(String, String)]) -> Result<(), CarryError> {
        for pod in &mut self.0 {
            pod.envoy.carry(files).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, files: &[String]) {
        for pod in &mut self.0 {
            pod.envoy.remove(files).await;
        }
    }

    async fn readers(&mut self) -> Result<Vec<Reader<Fake>>, CarryError> {
        let mut readers = Vec::new();
        for pod in &self.0 {
            match pod.comes_after.get() {
                0 => readers.push(pod.envoy.reader(pod.name, pod.serves)),
                left => pod.comes_after.set(left - 1),
            }
        }
        Ok(readers)
    }
}

fn pod(name: &'static str) -> Pod {
    let (envoy, _) = started();
    Pod {
        name,
        envoy,
        serves: true,
        comes_after: Rc::default(),
    }
}

fn pushed_to(pods: &[Pod]) -> Pusher<Fleet> {
    Pusher::new(Fleet(pods.to_vec()), old())
}

#[tokio::test]
async fn the_slowest_decides_when_the_next_step_begins() {
    let pods = [pod("a"), pod("b")];
    // One more look than the other needs: it is asked about by each round all the same.
    pods[1].envoy.0.slowness.set(7);
    pushed_to(&pods).push(new()).await.unwrap();
    for pod in &pods {
        assert!(pod.envoy.in_use().contains("new-"), "{}", pod.name);
    }
}

#[tokio::test]
async fn who_refuses_is_named_with_those_that_have_taken_it_and_all_go_on_as_before() {
    let pods = [pod("a"), pod("b"), pod("c")];
    pods[1].envoy.0.refuses.set(Some(Kind::Clusters));
    let refused = pushed_to(&pods).push(new()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "b refuses the clusters: it is no good; it was taken by a, c"
    );
    for pod in &pods {
        assert!(!pod.envoy.0.directory.borrow()["cds.yaml"].contains("new-"));
    }
}

#[tokio::test]
async fn one_that_does_not_answer_is_waited_for_only_if_requests_come_to_it() {
    let mut pods = [pod("a"), pod("b")];
    pods[1].envoy.0.gone.set(true);
    let silent = pushed_to(&pods).push(new()).await.unwrap_err();
    assert_eq!(silent.to_string(), "b's admin endpoint does not answer");
    assert!(
        !pods[0].envoy.in_use().contains("new-"),
        "nothing was carried"
    );

    pods[1].serves = false;
    let mut pusher = pushed_to(&pods);
    pusher.push(new()).await.unwrap();
    assert!(pods[0].envoy.in_use().contains("new-"));
    // It may come back with what it had, so nothing of that is taken away.
    let kept = pusher.prune().await.unwrap_err();
    assert_eq!(kept.to_string(), "b's admin endpoint does not answer");
    assert!(pusher.has_retired());
}

/// As after a rollout to an image whose module does not know what it is given.
#[tokio::test]
async fn one_that_refuses_what_was_there_already_and_takes_no_requests_is_in_nobodys_way() {
    let mut pods = [pod("a"), pod("b")];
    pods[1].envoy.0.refuses.set(Some(Kind::Clusters));
    pods[1].serves = false;
    let mut pusher = pushed_to(&pods);
    pusher.push(new()).await.unwrap();
    assert!(pods[0].envoy.in_use().contains("new-"));
    assert!(!pods[1].envoy.in_use().contains("new-"));
    pods[0].envoy.0.refuses.set(Some(Kind::Clusters));
    let third = document("third: { http: \"c:1\" }", "third");
    let refused = pusher.push(third).await.unwrap_err();
    assert_eq!(refused.to_string(), "a refuses the clusters: it is no good");
}

#[tokio::test]
async fn one_that_comes_in_between_must_have_it_too() {
    let pods = [pod("a"), pod("b")];
    // It is not there when the step begins, so nothing is known of it from before.
    pods[1].comes_after.set(2);
    pods[1].envoy.0.never_takes.set(Some(Kind::Pipeline));
    let late = pushed_to(&pods).push(new()).await.unwrap_err();
    assert_eq!(
        late.to_string(),
        "b has not taken the configuration of the pipeline within 100ms; it was taken by a"
    );
}

#[tokio::test]
async fn nobody_who_reads_is_nobody_to_wait_for() {
    let mut pusher = pushed_to(&[]);
    pusher.push(new()).await.unwrap();
    for _ in 0..IDLE_LOOKS {
        pusher.prune().await.unwrap();
    }
    assert!(pusher.has(&new()) && !pusher.has_retired());
}
