use super::*;

#[test]
fn the_disk_reads_small_files_and_knows_programs() {
    let folder = tempfile::tempdir().unwrap();
    let (small, large) = (folder.path().join("small"), folder.path().join("large"));
    std::fs::write(&small, "text").unwrap();
    std::fs::write(&large, vec![b'x'; usize::try_from(LARGEST_FILE).unwrap() + 1]).unwrap();
    assert_eq!(Disk.read(&small).unwrap(), "text");
    assert_eq!(Disk.read(&large).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert!(Disk.is_file(&small) && !Disk.is_file(folder.path()));
    assert!(!Disk.is_program(&small));
    assert_eq!(
        find_program(Path::new("sh"), "/none:/bin", folder.path(), &Disk),
        Some("/bin/sh".into())
    );
}
