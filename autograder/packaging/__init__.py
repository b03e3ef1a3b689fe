"""What leaves the checkout: which files a handout, bundle or job contains, skeletons, archives."""
